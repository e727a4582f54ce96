"""Which labels are taken for which."""

from dataclasses import dataclass
from typing import Dict, List, Tuple

#: How a missing label is shown.
NOTHING = "(none)"


@dataclass(frozen=True)
class Confused:
    """A pair of labels.

    gold (str): The label of the annotation.
    predicted (str): What was predicted instead.
    n (int): How often.
    share (float): The share among all units with this label in the annotation.
    """

    gold: str
    predicted: str
    n: int
    share: float


@dataclass(frozen=True)
class Confusion:
    """A table of what was predicted for what.

    rows (Tuple[str, ...]): The labels of the annotation.
    columns (Tuple[str, ...]): The predicted labels: first those of the rows, in the same order.
    counts (List[List[int]]): One list per row, with one number per column.
    """

    rows: Tuple[str, ...]
    columns: Tuple[str, ...]
    counts: List[List[int]]

    def most_frequent(self, n: int) -> List[Confused]:
        """RETURNS (List[Confused]): The confusions, the most frequent first; at most n."""
        found = [
            Confused(gold, predicted, count, count / sum(counts))
            for gold, counts in zip(self.rows, self.counts)
            for predicted, count in zip(self.columns, counts)
            if count and gold != predicted
        ]
        # Sorting keeps the order of labels for equal numbers.
        return sorted(found, key=lambda pair: -pair.n)[:n]


def make_confusion(counts: Dict[Tuple[str, str], int]) -> Confusion:
    """Make a table. Labels are in alphabetical order.

    counts (Dict[Tuple[str, str], int]): Numbers by gold and predicted label, "" for none.
    RETURNS (Confusion): The table.
    """
    rows = sorted({gold for gold, _ in counts})
    others = {predicted for _, predicted in counts} - set(rows)
    # What has no label comes last.
    columns = rows + sorted(others - {""}) + sorted(others & {""})
    table = [[counts.get((gold, predicted), 0) for predicted in columns] for gold in rows]
    return Confusion(
        tuple(label or NOTHING for label in rows),
        tuple(label or NOTHING for label in columns),
        table,
    )

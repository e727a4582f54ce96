"""What a score counts."""

from typing import Dict, Optional, Sequence, Tuple, Union

from spacy.training import Example

from .label_counts import LabelCounts
from .ranking import Ranking

Counts = Union[LabelCounts, Ranking]


class Measure:
    """Counts what a score needs, and what explains it."""

    def count(self, examples: Sequence[Example]) -> Counts:
        """Count what the score is computed from.

        examples (Sequence[Example]): Predicted and gold documents.
        RETURNS (Counts): The counts by document.
        """
        raise NotImplementedError

    def count_labels(self, examples: Sequence[Example]) -> LabelCounts:
        """Count by label.

        examples (Sequence[Example]): Predicted and gold documents.
        RETURNS (LabelCounts): The counts by document and label.
        """
        counts = self.count(examples)
        assert isinstance(counts, LabelCounts)
        return counts

    def confusions(self, examples: Sequence[Example]) -> Optional[Dict[Tuple[str, str], int]]:
        """Count what was predicted for what.

        examples (Sequence[Example]): Predicted and gold documents.
        RETURNS (Optional[Dict[Tuple[str, str], int]]): Numbers by gold and predicted label; None
            if there isn't one label for one unit.
        """
        return None

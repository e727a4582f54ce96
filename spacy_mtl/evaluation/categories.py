"""Categories of documents, counted as spaCy's scorer does."""

from collections import Counter
from dataclasses import dataclass
from typing import Dict, Optional, Sequence, Tuple

import numpy
from spacy.tokens import Doc
from spacy.training import Example

from .label_counts import MADE_UP, MISSED, RIGHT, CountTable, LabelCounts
from .measure import Measure
from .ranking import Ranking


@dataclass(frozen=True)
class ExclusiveCategories(Measure):
    """Categories of which a document has one.

    labels (Tuple[str, ...]): The labels of the component.
    positive (Optional[str]): With two labels, the one whose F-score is the score. Otherwise, it
        is the mean F-score of the labels.
    skip_unknown (bool): Whether to leave out documents without a positive category among the
        labels, as this package's scorer does.
    SOURCE: `spacy.scorer.Scorer.score_cats`.
    """

    labels: Tuple[str, ...]
    positive: Optional[str] = None
    skip_unknown: bool = False

    def count(self, examples: Sequence[Example]) -> LabelCounts:
        """RETURNS (LabelCounts): The counts: see `Measure`."""
        table = CountTable()
        for i, eg in enumerate(examples):
            if not self._counts(eg):
                continue
            gold, predicted = self._best(eg.reference), self._best(eg.predicted)
            if predicted is not None and predicted == gold:
                table.add(i, predicted, RIGHT)
                continue
            for label, column in ((gold, MISSED), (predicted, MADE_UP)):
                if label is not None:
                    table.add(i, label, column)
        positive = self.positive if len(self.labels) == 2 else None
        return table.finish(len(examples), "macro", self.labels, positive)

    def confusions(self, examples: Sequence[Example]) -> Dict[Tuple[str, str], int]:
        """RETURNS (Dict[Tuple[str, str], int]): What was predicted for what: see `Measure`."""
        found: Counter = Counter()
        for eg in examples:
            gold = self._best(eg.reference)
            if self._counts(eg) and gold is not None:
                found[gold, self._best(eg.predicted) or ""] += 1
        return dict(found)

    def _counts(self, eg: Example) -> bool:
        return not self.skip_unknown or any(map(eg.reference.cats.get, self.labels))

    def _best(self, doc: Doc) -> Optional[str]:
        """The label with the highest value, if the document has any."""
        known = set(self.labels)
        cats = {label: value for label, value in doc.cats.items() if label in known}
        return max(cats, key=lambda label: cats[label], default=None)


@dataclass(frozen=True)
class IndependentCategories(Measure):
    """Categories of which a document has none, one or several.

    labels (Tuple[str, ...]): The labels of the component.
    threshold (float): The probability at which a label counts as predicted.
    SOURCE: `spacy.scorer.Scorer.score_cats`.
    """

    labels: Tuple[str, ...]
    threshold: float

    def count(self, examples: Sequence[Example]) -> Ranking:
        """RETURNS (Ranking): The probabilities, and the annotation: see `Measure`."""

        def table(cats: Sequence[Dict[str, float]], absent: float) -> numpy.ndarray:
            rows = [[found.get(label, absent) for label in self.labels] for found in cats]
            return numpy.asarray(rows, dtype="float64").reshape((len(cats), len(self.labels)))

        gold = table([eg.reference.cats for eg in examples], numpy.nan)
        predicted = table([eg.predicted.cats for eg in examples], 0.0)
        return Ranking(self.labels, gold, predicted)

    def count_labels(self, examples: Sequence[Example]) -> LabelCounts:
        """RETURNS (LabelCounts): The counts at the threshold: see `Measure`."""
        table = CountTable()
        for i, eg in enumerate(examples):
            for label in self.labels:
                gold = eg.reference.cats.get(label)
                if gold is None:
                    continue
                is_predicted = eg.predicted.cats.get(label, 0.0) >= self.threshold
                if gold > 0:
                    table.add(i, label, RIGHT if is_predicted else MISSED)
                elif is_predicted and gold == 0:
                    table.add(i, label, MADE_UP)
        return table.finish(len(examples), "macro", self.labels)

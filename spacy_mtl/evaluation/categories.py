"""Count categories of documents as spaCy's scorer does."""

from typing import Dict, Optional, Sequence

import numpy
from spacy.tokens import Doc
from spacy.training import Example

from .label_counts import MADE_UP, MISSED, RIGHT, CountTable, LabelCounts
from .ranking import Ranking


def count_exclusive(
    examples: Sequence[Example],
    labels: Sequence[str],
    positive: Optional[str] = None,
    *,
    skip_unknown: bool = False,
) -> LabelCounts:
    """Count exclusive categories.

    examples (Sequence[Example]): Predicted and gold documents.
    labels (Sequence[str]): The labels of the component.
    positive (Optional[str]): With two labels, the one whose F-score is the score.
    skip_unknown (bool): Whether to leave out documents without a positive category among the
        labels, as this package's scorer does.
    RETURNS (LabelCounts): The counts. Without `positive`, the score is the mean F-score of labels.
    SOURCE: `spacy.scorer.Scorer.score_cats`.
    """
    table = CountTable()
    for i, eg in enumerate(examples):
        if skip_unknown and not any(map(eg.reference.cats.get, labels)):
            continue
        predicted, gold = best(eg.predicted, labels), best(eg.reference, labels)
        if predicted is not None and predicted == gold:
            table.add(i, predicted, RIGHT)
            continue
        for label, column in ((gold, MISSED), (predicted, MADE_UP)):
            if label is not None:
                table.add(i, label, column)
    return table.finish(len(examples), "macro", labels, positive if len(labels) == 2 else None)


def count_independent(
    examples: Sequence[Example], labels: Sequence[str], threshold: float
) -> LabelCounts:
    """Count independent categories.

    examples (Sequence[Example]): Predicted and gold documents.
    labels (Sequence[str]): The labels of the component.
    threshold (float): The probability at which a label counts as predicted.
    RETURNS (LabelCounts): The counts.
    SOURCE: `spacy.scorer.Scorer.score_cats`.
    """
    table = CountTable()
    for i, eg in enumerate(examples):
        for label in labels:
            gold = eg.reference.cats.get(label)
            if gold is None:
                continue
            is_predicted = eg.predicted.cats.get(label, 0.0) >= threshold
            if gold > 0:
                table.add(i, label, RIGHT if is_predicted else MISSED)
            elif is_predicted and gold == 0:
                table.add(i, label, MADE_UP)
    return table.finish(len(examples), "macro", labels)


def rank_independent(examples: Sequence[Example], labels: Sequence[str]) -> Ranking:
    """Collect the probabilities of independent categories.

    examples (Sequence[Example]): Predicted and gold documents.
    labels (Sequence[str]): The labels of the component.
    RETURNS (Ranking): The probabilities, and the annotation.
    """

    def table(cats: Sequence[Dict[str, float]], absent: float) -> numpy.ndarray:
        rows = [[found.get(label, absent) for label in labels] for found in cats]
        return numpy.asarray(rows, dtype="float64").reshape((len(cats), len(labels)))

    gold = table([eg.reference.cats for eg in examples], numpy.nan)
    predicted = table([eg.predicted.cats for eg in examples], 0.0)
    return Ranking(tuple(labels), gold, predicted)


def best(doc: Doc, labels: Sequence[str]) -> Optional[str]:
    """RETURNS (Optional[str]): The label with the highest value, if the document has any."""
    known = set(labels)
    cats = {label: value for label, value in doc.cats.items() if label in known}
    return max(cats, key=lambda label: cats[label], default=None)

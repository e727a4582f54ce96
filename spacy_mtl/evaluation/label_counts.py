"""Right and wrong predictions by document and label, and the scores that follow from them."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, DefaultDict, Dict, Iterable, List, Literal, Optional, Set, Tuple

import numpy

from .label_means import mean_of_labels

Average = Literal["micro", "macro"]
#: The columns of counts.
RIGHT, MADE_UP, MISSED = 0, 1, 2


@dataclass(frozen=True)
class LabelCounts:
    """True positives, false positives and false negatives, where there are any.

    average (Average): Whether the score is the F-score of all counts ("micro"), or the mean of the
        F-scores of the labels ("macro").
    positive (Optional[str]): The label whose F-score is the score instead, if there is one.
    labels (Tuple[str, ...]): The labels.
    n_documents (int): The number of documents, also without counts.
    document (Ints1d): Which document each row of `counts` is of. Shape: (n_rows,).
    label (Ints1d): Which label it is of. Shape: (n_rows,).
    counts (Ints2d): True positives, false positives, false negatives. Shape: (n_rows, 3).
    """

    average: Average
    positive: Optional[str]
    labels: Tuple[str, ...]
    n_documents: int
    document: numpy.ndarray
    label: numpy.ndarray
    counts: numpy.ndarray

    def sums(self, weights: numpy.ndarray) -> numpy.ndarray:
        """Sum up all counts.

        weights (Floats2d): How often each document counts. Shape: (n_samples, n_documents).
        RETURNS (Floats2d): The sums. Shape: (n_samples, 3).
        """
        by_document = numpy.zeros((self.n_documents, 3))
        numpy.add.at(by_document, self.document, self.counts)
        return weights @ by_document

    def sums_of(self, label: int, weights: numpy.ndarray) -> numpy.ndarray:
        """Sum up the counts of one label: see `sums`.

        label (int): Its index.
        """
        rows = self.label == label
        return weights[:, self.document[rows]] @ self.counts[rows].astype("float64")

    def scores(self, weights: numpy.ndarray, *, resampled: bool = False) -> numpy.ndarray:
        """Compute the score.

        weights (Floats2d): How often each document counts. Shape: (n_samples, n_documents).
        resampled (bool): Whether a label that only some samples lack is left out of their means.
        RETURNS (Floats1d): The scores in [0, 1], NaN where there is nothing to count.
            Shape: (n_samples,).
        """
        sums = self.sums(weights)
        if self.positive is None and self.average == "micro":
            return f_scores(sums)
        labels = self.labels if self.positive is None else [self.positive]
        by_label = [f_scores(self.sums_of(self.labels.index(each), weights)) for each in labels]
        found = mean_of_labels(numpy.reshape(by_label, (len(labels), len(weights))), resampled)
        return numpy.where(sums.any(axis=1), found, numpy.nan)


def precisions(sums: numpy.ndarray) -> numpy.ndarray:
    """RETURNS (Floats1d): The share of predictions that are right; NaN if there are none."""
    return _shares(sums[:, RIGHT], sums[:, RIGHT] + sums[:, MADE_UP])


def recalls(sums: numpy.ndarray) -> numpy.ndarray:
    """RETURNS (Floats1d): The share of the annotation that is found; NaN if there is none."""
    return _shares(sums[:, RIGHT], sums[:, RIGHT] + sums[:, MISSED])


def f_scores(sums: numpy.ndarray) -> numpy.ndarray:
    """RETURNS (Floats1d): The harmonic means of precision and recall; NaN if all counts are 0."""
    double = 2 * sums[:, RIGHT]
    return _shares(double, double + sums[:, MADE_UP] + sums[:, MISSED])


def _shares(part: numpy.ndarray, whole: numpy.ndarray) -> numpy.ndarray:
    with numpy.errstate(invalid="ignore"):
        shares: numpy.ndarray = part / whole
    return shares


class CountTable:
    """Collects `LabelCounts`, document by document."""

    def __init__(self) -> None:
        self._rows: Dict[Tuple[int, str], List[int]] = {}

    def add(self, document: int, label: str, column: int, n: int = 1) -> None:
        """Add to a count.

        document (int): The index of the document.
        label (str): The label.
        column (int): `RIGHT`, `MADE_UP` or `MISSED`.
        n (int): How many.
        """
        self._rows.setdefault((document, label), [0, 0, 0])[column] += n

    def add_sets(
        self, document: int, predicted: Set[Tuple[str, Any]], gold: Set[Tuple[str, Any]]
    ) -> None:
        """Compare what was predicted with the annotation, as spaCy does.

        document (int): The index of the document.
        predicted (Set[Tuple[str, Any]]): Labels, each with a place in the gold document.
        gold (Set[Tuple[str, Any]]): The same of the annotation.
        """
        for column, found in (
            (RIGHT, predicted & gold),
            (MADE_UP, predicted - gold),
            (MISSED, gold - predicted),
        ):
            by_label: DefaultDict[str, int] = defaultdict(int)
            for label, _ in found:
                by_label[label] += 1
            for label, n in by_label.items():
                self.add(document, label, column, n)

    def finish(
        self,
        n_documents: int,
        average: Average = "micro",
        labels: Optional[Iterable[str]] = None,
        positive: Optional[str] = None,
    ) -> LabelCounts:
        """Return the counts.

        n_documents (int): The number of documents.
        average (Average): See `LabelCounts`.
        positive (Optional[str]): See `LabelCounts`.
        labels (Optional[Iterable[str]]): The labels; by default those that have counts, sorted.
        RETURNS (LabelCounts): The counts.
        """
        names = sorted({label for _, label in self._rows}) if labels is None else list(labels)
        index = {label: i for i, label in enumerate(names)}
        places: Any = [(document, index[label]) for document, label in self._rows]
        placed = numpy.asarray(places, dtype="int64").reshape((-1, 2))
        counts = numpy.asarray(list(self._rows.values()), dtype="int64").reshape((-1, 3))
        return LabelCounts(
            average, positive, tuple(names), n_documents, placed[:, 0], placed[:, 1], counts
        )

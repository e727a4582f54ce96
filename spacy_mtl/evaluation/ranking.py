"""How well documents are ranked by the probabilities of labels: areas under ROC curves."""

from dataclasses import dataclass
from typing import Tuple

import numpy


@dataclass(frozen=True)
class Ranking:
    """Probabilities of independent labels. The score is the mean area under the ROC curves.

    labels (Tuple[str, ...]): The labels.
    gold (Floats2d): The annotation; NaN where there is none. Shape: (n_documents, n_labels).
    predicted (Floats2d): The probabilities. Shape: (n_documents, n_labels).
    """

    labels: Tuple[str, ...]
    gold: numpy.ndarray
    predicted: numpy.ndarray

    @property
    def n_documents(self) -> int:
        """RETURNS (int): The number of documents."""
        return len(self.gold)

    def scores(self, weights: numpy.ndarray) -> numpy.ndarray:
        """Compute the mean area. A label with only one value counts 0, as in spaCy.

        weights (Floats2d): How often each document counts. Shape: (n_samples, n_documents).
        RETURNS (Floats1d): The scores in [0, 1], NaN where nothing is annotated.
            Shape: (n_samples,).
        """
        total = numpy.zeros(len(weights))
        for i in range(len(self.labels)):
            total += self.areas(i, weights)
        is_annotated = weights @ (~numpy.isnan(self.gold)).any(axis=1) > 0
        return numpy.where(is_annotated, total / max(1, len(self.labels)), numpy.nan)

    def areas(self, label: int, weights: numpy.ndarray) -> numpy.ndarray:
        """Compute the area of one label: the share of pairs in the right order, ties half.

        label (int): Its index.
        weights (Floats2d): How often each document counts. Shape: (n_samples, n_documents).
        RETURNS (Floats1d): The areas, 0 where the label has one value only. Shape: (n_samples,).
        """
        gold, predicted = self.gold[:, label], self.predicted[:, label]
        known = numpy.flatnonzero(~numpy.isnan(gold))
        if not len(known):
            return numpy.zeros(len(weights))
        order = known[numpy.argsort(predicted[known], kind="stable")]
        starts = numpy.flatnonzero(numpy.diff(predicted[order], prepend=-numpy.inf))
        ordered, is_positive = weights[:, order], gold[order] == 1.0
        positive = numpy.add.reduceat(ordered * is_positive, starts, axis=1)
        negative = numpy.add.reduceat(ordered * ~is_positive, starts, axis=1)
        below = numpy.cumsum(negative, axis=1) - negative
        n_right = (positive * (below + negative / 2)).sum(axis=1)
        n_pairs = positive.sum(axis=1) * negative.sum(axis=1)
        return numpy.divide(n_right, n_pairs, out=numpy.zeros(len(weights)), where=n_pairs > 0)

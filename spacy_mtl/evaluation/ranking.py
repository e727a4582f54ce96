"""How well documents are ranked by the probabilities of labels: areas under ROC curves."""

from dataclasses import dataclass
from typing import Tuple

import numpy

from .label_means import mean_of_labels


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

    def scores(self, weights: numpy.ndarray, *, resampled: bool = False) -> numpy.ndarray:
        """Compute the mean area. A label with only one value counts 0, as in spaCy.

        weights (Floats2d): How often each document counts. Shape: (n_samples, n_documents).
        resampled (bool): Whether a label that has one value in some samples only is left out of
            their means.
        RETURNS (Floats1d): The scores in [0, 1], NaN where nothing is annotated.
            Shape: (n_samples,).
        """
        areas = [self.areas(i, weights) for i in range(len(self.labels))]
        means = mean_of_labels(numpy.reshape(areas, (len(areas), len(weights))), resampled)
        is_annotated = weights @ (~numpy.isnan(self.gold)).any(axis=1) > 0
        return numpy.where(is_annotated, means, numpy.nan)

    def areas(self, label: int, weights: numpy.ndarray) -> numpy.ndarray:
        """Compute the area of one label: the share of pairs in the right order, ties half.

        label (int): Its index.
        weights (Floats2d): How often each document counts. Shape: (n_samples, n_documents).
        RETURNS (Floats1d): The areas, NaN where the label has one value only. Shape: (n_samples,).
        """
        gold, predicted = self.gold[:, label], self.predicted[:, label]
        known = numpy.flatnonzero(~numpy.isnan(gold))
        if not len(known):
            return numpy.full(len(weights), numpy.nan)
        order = known[numpy.argsort(predicted[known], kind="stable")]
        starts = numpy.flatnonzero(numpy.diff(predicted[order], prepend=-numpy.inf))
        ordered, is_positive = weights[:, order], gold[order] == 1.0
        positive = numpy.add.reduceat(ordered * is_positive, starts, axis=1)
        negative = numpy.add.reduceat(ordered * ~is_positive, starts, axis=1)
        below = numpy.cumsum(negative, axis=1) - negative
        n_right = (positive * (below + negative / 2)).sum(axis=1)
        n_pairs = positive.sum(axis=1) * negative.sum(axis=1)
        with numpy.errstate(invalid="ignore"):
            areas: numpy.ndarray = n_right / n_pairs
        return areas

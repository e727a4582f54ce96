"""Means over labels, also of samples of documents that lack some of the labels."""

import numpy


def mean_of_labels(by_label: numpy.ndarray, resampled: bool) -> numpy.ndarray:
    """Average the scores of labels.

    by_label (Floats2d): Their scores, NaN where a label doesn't occur. Shape: (n_labels,
        n_samples).
    resampled (bool): Whether these are samples of documents in which other samples have the label:
        it is left out of the means of those without. Otherwise, it counts 0, as in spaCy. So does
        one that no sample has.
    RETURNS (Floats1d): The means; NaN without a label. Shape: (n_samples,).
    """
    counts = numpy.isfinite(by_label)
    if resampled:
        counts = counts | ~counts.any(axis=1, keepdims=True)
    else:
        counts = numpy.ones_like(counts)
    with numpy.errstate(invalid="ignore"):
        means: numpy.ndarray = numpy.nan_to_num(by_label).sum(axis=0) / counts.sum(axis=0)
    return means

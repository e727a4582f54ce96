"""Predictions that are right with known probabilities."""

from typing import Callable, Optional

import numpy
from thinc.types import Floats1d

from spacy_mtl.calibration.events import Events, make_events


def draw(
    n: int,
    distorted: Optional[Callable[[Floats1d], Floats1d]] = None,
    *,
    label: str = "A",
    center: float = 0.6,
    seed: int = 0,
) -> Events:
    """Draw predictions, ten a text, that find half of the annotation; distort their confidences."""
    rng = numpy.random.default_rng(seed)
    p = 1 / (1 + numpy.exp(-rng.normal(center, 1.5, n)))
    correct = rng.random(n) < p
    confidences = p if distorted is None else distorted(p)
    return make_events(
        confidences, correct, [label] * n, numpy.arange(n) // 10, {label: 2 * int(correct.sum())}
    )


def joined(*parts: Events) -> Events:
    """Predictions of several labels, of the same texts."""
    return Events(
        numpy.concatenate([each.confidences for each in parts]),
        numpy.concatenate([each.correct for each in parts]),
        [label for each in parts for label in each.labels],
        numpy.concatenate([each.texts for each in parts]),
        {label: n for each in parts for label, n in each.n_gold.items()},
    )

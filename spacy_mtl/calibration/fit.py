"""Fitting the calibration of a head, and whether there should be one, by cross-validation."""

from dataclasses import dataclass
from typing import List

import numpy

from .events import Events
from .metrics import negative_log_likelihood
from .platt import fit_platt, scaled
from .temperature import ConfidencesAt, fit_temperature

#: The least number of predictions and texts to fit on.
MIN_EVENTS, MIN_TEXTS = 100, 5
N_FOLDS = 5


class TooLittleError(ValueError):
    """Raised if a corpus has too few predictions to fit on."""


@dataclass(frozen=True)
class Scaling:
    """How confidences are calibrated.

    temperature (float): What scores are divided by before they become probabilities.
    slope (float): What the logits of the confidences are multiplied by then.
    offset (float): What is added to these logits.
    """

    temperature: float = 1.0
    slope: float = 1.0
    offset: float = 0.0

    def confidences(self, confidences_at: ConfidencesAt) -> numpy.ndarray:
        """RETURNS (Floats1d): The calibrated confidences. Shape: (n_events,)."""
        found = confidences_at(self.temperature)
        if (self.slope, self.offset) == (1.0, 0.0):
            return found
        return scaled(found, self.slope, self.offset)


@dataclass(frozen=True)
class Fitted:
    """What was fitted on all texts, and how well the same does on texts it was not fitted on.

    scaling (Scaling): What was fitted.
    held_out (Floats1d): The confidences of the events, each calibrated by a fit on texts without
        its own. Shape: (n_events,).
    """

    scaling: Scaling
    held_out: numpy.ndarray


def fit(confidences_at: ConfidencesAt, events: Events, *, with_platt: bool) -> Fitted:
    """Fit a temperature, or a temperature and Platt scaling, or nothing.

    What comes first in this order is taken unless another has a higher likelihood on texts that it
    was not fitted on: the texts are split into five folds, each held out once. (The calibration
    error doesn't decide, because it may be low by chance, and for confidences that don't tell right
    from wrong.)

    confidences_at (Callable[[float], Floats1d]): Computes the confidences of the events at a
        temperature. Shape: (n_events,).
    events (Events): The predictions.
    with_platt (bool): Whether Platt scaling may be added.
    RETURNS (Fitted): What was fitted.
    RAISES (TooLittleError): If there are fewer than 100 predictions, or 5 texts.
    """
    texts = numpy.unique(events.texts)
    if len(events) < MIN_EVENTS or len(texts) < MIN_TEXTS:
        raise TooLittleError(
            f"{len(events)} predictions (in {len(texts)} texts) can be compared with the "
            f"annotation, and at least {MIN_EVENTS} (in {MIN_TEXTS} texts) are needed"
        )
    folds = numpy.searchsorted(texts, events.texts) % N_FOLDS
    of_all = _candidates(confidences_at, events.correct, folds >= 0, with_platt)
    held_out = [numpy.zeros(len(events)) for _ in of_all]
    for fold in range(N_FOLDS):
        own = folds == fold
        found = _candidates(confidences_at, events.correct, ~own, with_platt)
        for confidences, scaling in zip(held_out, found):
            confidences[own] = scaling.confidences(confidences_at)[own]
    losses = [negative_log_likelihood(each, events.correct) for each in held_out]
    best = losses.index(min(losses))
    return Fitted(of_all[best], held_out[best])


def _candidates(
    confidences_at: ConfidencesAt, correct: numpy.ndarray, own: numpy.ndarray, with_platt: bool
) -> List[Scaling]:
    """RETURNS (List[Scaling]): What could be chosen, fitted on some of the events."""
    temperature = fit_temperature(lambda t: confidences_at(t)[own], correct[own])
    found = [Scaling(), Scaling(temperature)]
    if with_platt:
        both = fit_platt(confidences_at(temperature)[own], correct[own])
        found.append(Scaling(temperature, *both))
    return found

"""What is fitted, and when nothing is."""

from typing import Any

import numpy
import pytest
from drawn_confidences import draw

from spacy_mtl.calibration.events import Events, make_events
from spacy_mtl.calibration.fit import Scaling, TooLittleError, fit
from spacy_mtl.calibration.metrics import expected_calibration_error as ece
from spacy_mtl.calibration.platt import scaled


def fitted(events: Events, *, with_platt: bool = True) -> Any:
    """Fit events with two classes, so that a temperature divides the logits of confidences."""
    return fit(lambda t: scaled(events.confidences, 1 / t, 0.0), events, with_platt=with_platt)


def test_too_sure() -> None:
    """A temperature is all that is needed; the figures are of texts that were held out."""
    events = draw(5000, lambda p: scaled(p, 3.0, 0.0))
    found = fitted(events, with_platt=False)
    assert found.scaling.temperature == pytest.approx(3, rel=0.1)
    assert (found.scaling.slope, found.scaling.offset) == (1.0, 0.0)
    assert ece(events.confidences, events.correct) > 0.1
    assert ece(found.held_out, events.correct) < 0.03
    final = found.scaling.confidences(lambda t: scaled(events.confidences, 1 / t, 0.0))
    assert final == pytest.approx(found.held_out, abs=0.03)
    assert (final != found.held_out).all()


def test_wrong_more_often_than_the_order_says() -> None:
    """An offset is needed, too."""
    events = draw(5000, lambda p: scaled(p, 2.0, 1.5))
    by_temperature, by_both = (fitted(events, with_platt=platt) for platt in (False, True))
    assert ece(by_both.held_out, events.correct) < 0.03
    assert ece(by_temperature.held_out, events.correct) > 0.05
    assert by_both.scaling.offset < -0.5


@pytest.mark.parametrize("seed", range(4))
def test_nothing_helps(seed: int) -> None:
    """What is perfect stays, or changes little: on few texts a change may look good by chance."""
    events = draw(300, seed=seed)
    found = fitted(events)
    if found.scaling == Scaling():
        assert found.held_out == pytest.approx(events.confidences)
    else:
        assert found.scaling.temperature == pytest.approx(1, abs=0.4)


def test_some_stay_as_they_are() -> None:
    assert any(fitted(draw(300, seed=seed)).scaling == Scaling() for seed in range(4))


def test_reversed() -> None:
    """Confidences that are higher for what is wrong are not turned round."""
    events = draw(1000)
    events = make_events(events.confidences, ~events.correct, ["A"] * 1000, events.texts, {"A": 9})
    found = fitted(events)
    assert found.scaling.slope > 0
    order = numpy.argsort(events.confidences)
    final = found.scaling.confidences(lambda t: scaled(events.confidences, 1 / t, 0.0))
    assert (numpy.diff(final[order]) >= 0).all()


@pytest.mark.parametrize(("n", "n_texts"), [(99, 10), (0, 0), (500, 4)])
def test_too_little(n: int, n_texts: int) -> None:
    texts = numpy.arange(n) % max(n_texts, 1)
    events = make_events([0.5] * n, [True] * n, ["A"] * n, texts, {"A": n})
    says = rf"{n} predictions \(in {n_texts} texts\) .* at least 100 \(in 5 texts\) are needed"
    with pytest.raises(TooLittleError, match=says):
        fitted(events)

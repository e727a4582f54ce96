"""The state of a weighting: whose it is, and what it may hold."""

from typing import Any

import numpy
import pytest

from spacy_mtl.joint.state import explained_state, get_state, pack, set_state
from spacy_mtl.packed import unpack
from spacy_mtl.types import Weighting


class Learned(Weighting):
    """Has a state."""

    state: Any = None

    def get_state(self) -> Any:
        return self.state

    def set_state(self, state: Any) -> None:
        self.state = state


class Another(Learned):
    """Of another title."""


def test_states_say_whose_they_are() -> None:
    weighting = Learned()
    assert get_state(weighting) is None
    weighting.state = {"n": 1}
    saved = get_state(weighting)
    assert saved == {"of": "Learned", "state": {"n": 1}}
    for kind, expected in ((Learned, {"n": 1}), (Another, None)):
        other = kind()
        set_state(other, saved)
        assert other.state == expected
    # Nothing was saved.
    set_state(weighting, None)
    assert weighting.state == {"n": 1}


@pytest.mark.parametrize("value", [1, 0.5, "a", [1, 2], {"a": None}, numpy.arange(3.0)])
def test_what_a_state_may_hold(value: Any) -> None:
    packed = unpack(pack({"value": value}, Learned()))
    assert repr(packed["value"]) == repr(value)


@pytest.mark.parametrize("value", [{1, 2}, object(), 2**70], ids=["set", "object", "large"])
def test_what_a_state_may_not_hold(value: Any) -> None:
    with pytest.raises(ValueError, match="get_state of the weighting Learned .*cannot be saved"):
        pack({"value": value}, Learned())


def test_errors_of_states_say_what_is_damaged() -> None:
    def fail() -> None:
        with explained_state("mtl/weighting"):
            raise KeyError("state")

    with pytest.raises(ValueError, match="Can't use mtl/weighting, what .* had learned.*delete"):
        fail()

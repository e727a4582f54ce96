"""The contract between sharing schemes and the joint component."""

from typing import Any, Dict

import numpy
import pytest
from thinc.api import Linear, Model, chain

from spacy_mtl.sharing.contract import (
    Scheme,
    as_features,
    private_slots,
    scheme_of,
    set_private,
    set_scheme,
    shared_slots,
)
from spacy_mtl.types import Features


@pytest.fixture
def sharing() -> Model:
    """Three layers: one for all tasks, and one each for two tasks."""
    return chain(Linear(2, 2), Linear(2, 2), Linear(2, 2))


def test_parameters_of_tasks(sharing: Model) -> None:
    common, first, second = sharing.layers
    set_private(sharing, "tagger", first)
    set_private(sharing, "ner", second)
    found = private_slots(sharing)
    assert {task: [slot.owner for slot in slots] for task, slots in found.items()} == {
        "tagger": [first] * 2,
        "ner": [second] * 2,
    }
    assert [slot.owner for slot in shared_slots(sharing)] == [common] * 2


def test_parameters_inside_a_private_layer(sharing: Model) -> None:
    """All parameters inside a task's layer are private, each listed once."""
    inner = Linear(2, 2)
    sharing.layers[1].layers.extend([inner, inner])
    set_private(sharing, "tagger", sharing.layers[1])
    owners = [slot.owner for slot in private_slots(sharing)["tagger"]]
    assert owners == [sharing.layers[1]] * 2 + [inner] * 2
    assert all(slot.owner not in owners for slot in shared_slots(sharing))


def test_private_parameters_of_layers_and_scheme(sharing: Model) -> None:
    """A layer that is declared counts beside what the scheme names itself."""

    class Own(Scheme):
        def private(self, slots: Any) -> Any:
            return {"tagger": [slots[-1]], "ner": [slots[-2]]}

    _, first, last = sharing.layers
    set_private(sharing, "tagger", first)
    set_scheme(sharing, Own())
    found = private_slots(sharing)
    assert [slot.owner for slot in found["tagger"]] == [first, first, last]
    assert [slot.owner for slot in found["ner"]] == [last]


def test_a_second_private_layer(sharing: Model) -> None:
    layer, other, _ = sharing.layers
    set_private(sharing, "tagger", layer)
    set_private(sharing, "tagger", layer)
    with pytest.raises(ValueError, match=r"'tagger' already has .*'linear'.*Put all layers"):
        set_private(sharing, "tagger", other)


def test_parameters_are_shared_unless_declared_private(sharing: Model) -> None:
    assert private_slots(sharing) == {}
    assert len(shared_slots(sharing)) == 6


class Counting(Scheme):
    def __init__(self) -> None:
        self.n = 0

    def get_state(self) -> Dict[str, Any]:
        return {"n": self.n}


def test_state(sharing: Model) -> None:
    nothing = scheme_of(sharing)
    assert nothing.get_state() == nothing.strengths() == {}
    state = Counting()
    set_scheme(sharing, state)
    assert scheme_of(sharing) is state


def test_vectors_become_features() -> None:
    vectors = [numpy.zeros((1, 2), dtype="float32")]
    assert as_features(vectors) == Features(vectors)
    features = Features(vectors, context="alignment")
    assert as_features(features) is features

"""Schemes inside the encoder: what tasks share gets what the weighting makes of their gradients.

Those of single tasks are those with a weight for this task alone.
"""

import copy
from typing import Any, Dict, List

import numpy
import pytest
import torch
from inside_pipelines import ADAPTERS, MIX, PARTIAL, TASKS, build
from methods import block
from tiny_corpus import make_examples
from tiny_pipelines import constant

from spacy_mtl.parameters import Slot, slots_of_model, unique
from spacy_mtl.sharing.contract import private_slots, scheme_of, split_slots

#: Some deal with conflicts, some draw, some solve a problem.
METHODS = ["PCGrad", "MGDA", "CAGrad", "UPGrad", "AlignedMTL", "GradDrop", "RLW"]
#: They give the sum where nothing conflicts.
SUMS = ("PCGrad", "UPGrad")
SCHEMES: Dict[str, Any] = {
    "partial": (PARTIAL, {"n_private": 1}),
    "groups": (PARTIAL, {"n_private": 1, "groups": {"a": ["tagger", "ner"], "b": ["textcat"]}}),
    "adapters": (ADAPTERS, {"freeze_encoder": False, "rank": 2}),
    "adapters of some": (ADAPTERS, {"freeze_encoder": False, "tasks": ["ner"], "n_layers": 1}),
    "mix": (MIX, {"layer_dropout": 0.0}),
}


class Step:
    """The gradients of one step."""

    def __init__(self, name: str, level: str, weighting: Dict[str, Any]) -> None:
        title, settings = SCHEMES[name]
        nlp = build(title, weighting=weighting, gradients=level, **settings)
        mtl: Any = nlp.get_pipe("mtl")
        self.method = copy.deepcopy(mtl.weighting)
        self.trunk, self.sharing = mtl.model.get_ref("tok2vec"), mtl.model.get_ref("sharing")
        self.d_features: List[Any] = []
        forward = self.trunk._func

        def recorded(model: Any, docs: Any, is_train: bool) -> Any:
            found, backprop = forward(model, docs, is_train)

            def note(d_found: Any) -> Any:
                self.d_features.append(numpy.concatenate([each.ravel() for each in d_found]))
                return backprop(d_found)

            return found, note

        self.trunk._func = recorded
        if title != MIX:
            # As if they were trained: tasks conflict.
            torch.manual_seed(1)
            for slot in slots_of_model(self.sharing):
                slot.value[...] += 0.1 * torch.randn(slot.shape).numpy()
        torch.manual_seed(1)
        self.losses: Dict[str, float] = {}
        nlp.update(make_examples(nlp), sgd=False, losses=self.losses)

    def shared(self, level: str) -> List[Slot]:
        """What the rows of tasks have beside the representation."""
        found = split_slots(self.sharing)[0] + list(scheme_of(self.sharing).borrowed(self.trunk))
        if level == "parameters":
            found = [*slots_of_model(self.trunk), *found]
        return unique(found)

    def row(self, level: str) -> numpy.ndarray:
        parts = [flat(slot) for slot in self.shared(level)]
        if level == "representation":
            assert len(self.d_features) == 1
            parts.insert(0, self.d_features[0])
        return numpy.concatenate(parts)


def flat(slot: Slot) -> numpy.ndarray:
    gradient: Any = slot.gradient()
    return numpy.zeros(slot.size, dtype="f") if gradient is None else gradient.ravel().copy()


# At the parameters, what GradDrop draws depends on their order.
@pytest.mark.parametrize(
    ("method", "level"),
    [
        *((method, "representation") for method in METHODS),
        *((method, "parameters") for method in METHODS if method != "GradDrop"),
    ],
)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_rows(scheme: str, method: str, level: str) -> None:
    found = Step(scheme, level, block(method))
    alone = {
        task: Step(scheme, level, constant(**{each: float(each == task) for each in TASKS}))
        for task in TASKS
    }
    rows = numpy.stack([step.row(level) for step in alone.values()])
    by_task = {task: found.losses[task] for task in TASKS}
    torch.manual_seed(1)
    expected = numpy.asarray(found.method(by_task, rows).gradient)
    assert float(numpy.linalg.norm(expected)) > 1e-4
    numpy.testing.assert_allclose(found.row(level), expected, atol=2e-5)
    assert method in SUMS or not numpy.allclose(expected, rows.sum(0), atol=1e-3)
    # What one task has alone gets its own gradient.
    private = private_slots(found.sharing)
    assert any(private.values()) or scheme == "groups"
    for task, slots in private.items():
        for one, two in zip(slots, private_slots(alone[task].sharing)[task]):
            numpy.testing.assert_allclose(flat(one), flat(two), atol=1e-5)

"""Planted: a loss times c gives the weight divided by c."""

from typing import Any, Callable, Dict, List

import numpy
import pytest
from methods import block
from spacy.language import Language
from thinc.api import Adam, fix_random_seed
from tiny_corpus import make_examples

from spacy_mtl.joint.step import JointStep


def train(nlp: Language, kinds: List[Any], factor: float, monkeypatch: Any) -> Dict[str, float]:
    """Train with the loss of 'ner' times a factor.

    RETURNS (Dict[str, float]): The last weight of each task.
    """
    take = JointStep.take_gradient
    weights: Dict[str, float] = {}

    def scaled(self: Any, task: str, listener: int, d_view: Any) -> Any:
        size = numpy.float32(factor if task == "ner" else 1)
        return take(self, task, listener, [d * size for d in d_view])

    nlp.get_pipe("mtl").observers.subscribe(lambda report: weights.update(report.weights))
    optimizer = Adam(0.001)
    with monkeypatch.context() as changed:
        changed.setattr(JointStep, "take_gradient", scaled)
        for step, kind in enumerate(kinds):
            fix_random_seed(step)
            nlp.update(make_examples(nlp, kind), sgd=optimizer)
    return weights


SCHEDULES: Dict[str, List[Any]] = {
    "together": 40 * [None],
    "one step in five": 10 * [*4 * ["tag"], None],
    "starts late": [*20 * ["tag"], *40 * [None]],
    "different documents": 20 * ["tag", "ents", None],
}


@pytest.mark.parametrize("factor", [100.0, 10_000.0])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_scale_of_a_loss_is_undone(
    make_nlp: Callable, schedule: str, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a loss times c gives the weight divided by c."""
    found = []
    for c in (1.0, factor):
        weighting = block("Balanced", normalize=False)
        nlp = make_nlp(encoder=None, gradients="parameters", every=4, weighting=weighting)
        found.append(train(nlp, SCHEDULES[schedule], c, monkeypatch))
    plain, scaled = found
    assert scaled["ner"] * factor == pytest.approx(plain["ner"], rel=0.1)
    assert scaled["tagger"] == pytest.approx(plain["tagger"], rel=0.1)

"""Objects with a method `record`, of no class of ours, as `MultiTask.monitor`."""

from typing import Any, Callable, Dict, List

import pytest
from tiny_corpus import make_examples

from spacy_mtl.report.logger import create_console_logger


class Recorder:
    def __init__(self) -> None:
        self.found: List[Any] = []

    def record(self, losses: Dict[str, float], gradients: Any, weights: Dict[str, float]) -> None:
        self.found.append((list(losses), gradients.shape[0], weights))


class RecorderWithState(Recorder):
    def get_state(self) -> Dict[str, Any]:
        return {"n": len(self.found)}

    def set_state(self, state: Dict[str, Any]) -> None:
        self.found = [None] * state["n"]


def test_it_is_told(make_nlp: Callable) -> None:
    nlp = make_nlp(["tagger", "ner"], encoder=None)
    mtl, recorder = nlp.get_pipe("mtl"), Recorder()
    mtl.monitor = recorder
    assert mtl.monitor is recorder
    nlp.update(make_examples(nlp), sgd=False)
    assert recorder.found == [(["tagger", "ner"], 2, {"tagger": 1.0, "ner": 1.0})]
    assert mtl.get_training_state()["monitor"] is None
    mtl.monitor = None
    assert mtl.monitor is None
    nlp.update(make_examples(nlp), sgd=False)
    assert len(recorder.found) == 1


def test_its_state_is_in_checkpoints(make_nlp: Callable) -> None:
    mtl = make_nlp(["tagger"], encoder=None, initialize=False).get_pipe("mtl")
    mtl.monitor = recorder = RecorderWithState()
    state = mtl.get_training_state()
    assert state["monitor"] == {"n": 0}
    mtl.set_training_state({**state, "monitor": {"n": 3}})
    assert len(recorder.found) == 3


def test_logger_does_not_take_its_place(make_nlp: Callable) -> None:
    nlp = make_nlp(["tagger"], encoder=None)
    nlp.get_pipe("mtl").monitor = Recorder()
    with pytest.raises(ValueError, match="already has a monitor"):
        create_console_logger()(nlp)

"""Joint steps: the forward pass that opens one."""

from types import SimpleNamespace
from typing import Any, Dict, List, Tuple

import numpy
import pytest
from open_steps import filled
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Linear, Model, chain

from spacy_mtl.compat.spacy import callback_of
from spacy_mtl.joint.steps import run_forward
from spacy_mtl.sharing.contract import Scheme, set_private, set_scheme
from spacy_mtl.sharing.scheme import regular
from spacy_mtl.types import Features, Views


@pytest.fixture
def docs() -> List[Doc]:
    vocab = Vocab()
    return [Doc(vocab, words=["old", "runs"]), Doc(vocab), Doc(vocab, words=["home"])]


class Strong(Scheme):
    def strengths(self) -> Dict[str, float]:
        return {"scheme": 0.5}


def model_of(trunk: Any, with_loss: bool = False) -> Tuple[Model, Any]:
    """A model whose scheme adds 1 to the features, and what has passed it."""
    seen: Any = SimpleNamespace(features=[], d_features=[])

    def forward(model: Model, inputs: Any, is_train: bool) -> Tuple[Views, Any]:
        features, tasks = inputs
        seen.features.append(features)
        views = {task: [array + 1 for array in features.arrays] for task in tasks}
        return Views(views, {"scheme": 2.0} if with_loss else {}), lambda d: Features([])

    def encode(model: Model, docs: Any, is_train: bool) -> Tuple[Any, Any]:
        assert is_train
        return trunk(docs), lambda d: [seen.d_features.append(d), docs][1]

    tok2vec: Any = Model("trunk", encode)
    sharing: Any = Model("sharing", forward, layers=[Linear(2, 2), Linear(2, 2)])
    set_scheme(sharing, Strong())
    set_private(sharing, "ner", sharing.layers[1])
    model = chain(tok2vec, sharing)
    model.set_dim("nO", 3)
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("sharing", sharing)
    return model, seen


def test_each_task_gets_a_view(docs: List[Doc]) -> None:
    model, seen = model_of(lambda docs: filled(docs, 1))
    views, backward = run_forward(model, docs, ["tagger", "ner"], [])
    assert list(views.by_task) == ["tagger", "ner"]
    for view in views.by_task.values():
        assert all(map(numpy.array_equal, view, filled(docs, 2)))
    backward.trunk(["gradient"])
    assert seen.d_features == [["gradient"]]


def test_parameters_of_the_scheme(docs: List[Doc]) -> None:
    model, _ = model_of(lambda docs: filled(docs, 1))
    _, backward = run_forward(model, docs, ["ner"], [])
    common, private = model.get_ref("sharing").layers
    assert [slot.owner for slot in backward.shared] == [common] * 2
    assert [slot.owner for slot in backward.private] == [private] * 2


@pytest.mark.parametrize("with_loss, expected", [(True, {"scheme": 0.5}), (False, {})])
def test_strengths_are_asked_for_if_there_are_losses(
    docs: List[Doc], with_loss: bool, expected: Dict[str, float]
) -> None:
    model, _ = model_of(lambda docs: filled(docs, 1), with_loss)
    views, backward = run_forward(model, docs, ["ner"], [])
    assert list(views.losses) == list(expected)
    assert backward.strengths == expected


def test_texts_without_a_token_have_the_width_of_others(docs: List[Doc]) -> None:
    model, seen = model_of(lambda docs: [numpy.ones((len(doc) or 1, 3), "f") for doc in docs])
    run_forward(model, docs, ["ner"], [])
    assert [array.shape for array in seen.features[0].arrays] == [(2, 3), (0, 3), (1, 3)]
    assert [array.shape for array in regular(model, docs, [None] * 3)[1:2]] == [(0, 3)]


def test_features_of_a_trunk_stay_as_they_are(docs: List[Doc]) -> None:
    """Such as wordpieces: their shape is their trunk's own business."""
    features = Features([numpy.ones((7, 2, 2), dtype="float32")], context="alignment")
    model, seen = model_of(lambda docs: features)
    run_forward(model, docs, ["ner"], [])
    assert seen.features == [features]


def test_listeners_hold_their_callback_for_the_backward_pass_only(docs: List[Doc]) -> None:
    listener = Tok2VecListener("tok2vec", 3)
    listener.receive(1, filled(docs, 1), "callback")
    model, seen = model_of(lambda docs: filled(docs, 1))
    _, backward = run_forward(model, docs, ["ner"], [listener])
    seen.d_features = Callbacks(listener)
    for keep in (True, False, False):
        assert callback_of(listener) is None
        backward.trunk([], keep=keep)
    assert callback_of(listener) is None
    assert seen.d_features.found == ["callback", "callback", None]


class Callbacks:
    """Takes down what a listener holds whenever the encoder is sent something."""

    def __init__(self, listener: Any) -> None:
        self.listener = listener
        self.found: List[Any] = []

    def append(self, d_features: Any) -> None:
        self.found.append(callback_of(self.listener))

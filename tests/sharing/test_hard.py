"""Hard sharing: every task sees the shared representation itself."""

from typing import Any, List, Tuple

import numpy
import pytest
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Model
from tiny_pipelines import CNN

from spacy_mtl.sharing.contract import private_slots, scheme_of, shared_slots
from spacy_mtl.sharing.hard import HardSharing
from spacy_mtl.types import Features, Views


@pytest.fixture
def docs() -> List[Doc]:
    vocab = Vocab()
    return [Doc(vocab, words=["old", "runs"]), Doc(vocab), Doc(vocab, words=["home"])]


def make_model() -> Model:
    block = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": CNN}
    return registry.resolve({"model": block})["model"]


def test_views_are_the_features(docs: List[Doc]) -> None:
    sharing = make_model().get_ref("sharing")
    features = Features([numpy.ones((len(doc), 2), dtype="float32") for doc in docs])
    views, backprop = sharing.begin_update((features, ["tagger", "ner"]))
    assert list(views.by_task) == ["tagger", "ner"]
    assert all(view is features.arrays for view in views.by_task.values())
    assert views.losses == {}
    # Called once per task. The gradient passes unchanged.
    for task in views.by_task:
        d_view = [numpy.full((len(doc), 2), 3.0, dtype="float32") for doc in docs]
        assert backprop(Views({task: d_view})).arrays is d_view


def test_same_output_as_the_encoder(docs: List[Doc]) -> None:
    model = make_model()
    model.initialize(X=docs)
    tok2vec = model.get_ref("tok2vec")
    expected, _ = tok2vec(docs, is_train=False)
    found = model.predict(docs)
    assert all(map(numpy.array_equal, found, expected))
    assert model.get_dim("nO") == tok2vec.get_dim("nO") == CNN["width"]


def test_width_from_a_prediction(docs: List[Doc]) -> None:
    """Some encoders, such as a chain that ends in trfs2arrays, don't know their width."""

    def forward(model: Model, docs: Any, is_train: bool) -> Tuple[Any, Any]:
        return [numpy.zeros((len(doc), 5), dtype="float32") for doc in docs], lambda d: docs

    model = HardSharing(Model("encoder", forward))
    assert model.has_dim("nO") is None
    model.initialize(X=docs[1:2])
    assert model.has_dim("nO") is None
    model.initialize(X=docs)
    assert model.get_dim("nO") == 5


def test_no_parameters_and_no_state() -> None:
    sharing = make_model().get_ref("sharing")
    assert shared_slots(sharing) == []
    assert private_slots(sharing) == {}
    assert scheme_of(sharing).get_state() == {}
    assert scheme_of(sharing).strengths() == {}

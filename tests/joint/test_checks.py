"""Pipelines in which not everybody would learn as meant are refused."""

from typing import Any, Callable

import numpy
import pytest
import spacy
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Linear, Model, chain
from thinc.shims.shim import Shim
from tiny_corpus import make_examples
from tiny_pipelines import CNN, add_joint

from spacy_mtl.joint.encoder_checks import (
    check_annotated,
    check_exact,
    check_initialized,
    check_width,
)


def test_rival_listener(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    nlp.add_pipe("mtl_ner", name="ner")
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}}
    )
    with pytest.raises(ValueError, match=r"'tagger' and 'mtl' listen to 'transformer'"):
        nlp.initialize(lambda: make_examples(nlp))


def test_rival_of_a_stock_tok2vec() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": CNN})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "tok2vec"}
    model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": listener}
    nlp.add_pipe("mtl", config={"model": model})
    nlp.add_pipe("mtl_ner", name="ner")
    nlp.initialize(lambda: make_examples(nlp))
    nlp.update(make_examples(nlp), sgd=False)
    nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}}
    )
    with pytest.raises(ValueError, match="Both 'tagger' and 'mtl' listen to 'tok2vec'"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("order", [["mtl", "transformer"], ["mtl"]])
def test_encoder_missing_or_behind(encoder_dir: str, order: Any) -> None:
    nlp = spacy.blank("en")
    for name in order:
        config = {"model": {"name": encoder_dir}} if name == "transformer" else {}
        nlp.add_pipe(name, config=config)
    nlp.add_pipe("mtl_ner", name="ner")
    with pytest.raises(ValueError, match=r"no encoder of that name comes before it.*transformer"):
        nlp.initialize(lambda: make_examples(nlp))


def test_frozen_encoder_without_weights(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    nlp.add_pipe("mtl_ner", name="ner")
    error = pytest.raises(ValueError, match="that 'mtl' listens to was not initialized")
    with nlp.select_pipes(disable=["transformer"]), error:
        nlp.initialize(lambda: make_examples(nlp))


def test_encoder_is_not_updated(make_nlp: Callable) -> None:
    nlp = make_nlp()
    with pytest.raises(ValueError, match="annotating_components"):
        nlp.update(make_examples(nlp), sgd=False, exclude=["transformer"])


def test_listener_of_a_stock_config(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None, initialize=False)
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}
    tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("tagger", config={"model": tagger})
    with pytest.raises(ValueError, match=r"'tagger' listens to '\*'.*TaskListener"):
        nlp.initialize(lambda: make_examples(nlp))


def test_another_component_writes_the_tensor(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    nlp.add_pipe("tok2vec", config={"model": CNN}, after="mtl")
    with pytest.raises(ValueError, match="'tok2vec' writes doc.tensor, and so does 'mtl'"):
        nlp.initialize(lambda: make_examples(nlp))


def test_head_model_in_a_stock_component(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    listener = {"@architectures": "spacy_mtl.TaskListener.v1"}
    model = {"@architectures": "spacy_mtl.TextClassifier.v1", "tok2vec": listener}
    nlp.add_pipe("textcat", config={"model": model})
    with pytest.raises(ValueError, match=r"'textcat' \(factory 'textcat'\).*gives logits"):
        nlp.initialize(lambda: make_examples(nlp))


def test_mixed_precision_is_refused_at_the_parameters(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": encoder_dir}})
    nlp.add_pipe("mtl", config={"gradients": "parameters"})
    nlp.add_pipe("mtl_ner", name="ner")
    node = nlp.get_pipe("transformer").model.layers[0]
    node.shims[0]._mixed_precision = True
    with pytest.raises(ValueError, match="mixed_precision = true in .components.transformer.mod"):
        nlp.initialize(lambda: make_examples(nlp))


class OtherShim(Shim):
    """A layer of a library that is neither thinc nor torch."""


def test_other_libraries_are_refused_at_the_parameters() -> None:
    model: Any = chain(Linear(2, 2), Model("other", lambda model, X, is_train: (X, None)))
    check_exact({"mtl": model})
    model.layers[1].shims.append(OtherShim(object()))
    with pytest.raises(ValueError, match="thinc and torch, but .* 'mtl' has a OtherShim"):
        check_exact({"mtl": model})


def test_encoder_without_weights() -> None:
    encoder: Any = Linear(2, 2)
    model: Any = chain(encoder, Linear(2, 2))
    model.set_ref("tok2vec", encoder)
    with pytest.raises(ValueError, match="'joint' has no weights yet: call nlp.initialize"):
        check_initialized("joint", model)
    encoder.initialize()
    # What is not part of the encoder is asked for elsewhere.
    check_initialized("joint", model)


@pytest.mark.parametrize("is_missing", [True, False])
def test_texts_on_which_the_encoder_did_not_run(is_missing: bool) -> None:
    vocab = Vocab()
    docs = [Doc(vocab, words=["old", "runs"]), Doc(vocab), Doc(vocab, words=["home"])]
    for doc in docs[:1] if is_missing else docs:
        doc.tensor = numpy.zeros((len(doc), 2), dtype="float32")
    listener = Tok2VecListener("tok2vec", 2)
    if not is_missing:
        # A text without a token has no vectors, and needs none.
        check_annotated("joint", [listener], docs)
        return
    with pytest.raises(ValueError, match=r"'joint' needs .*\(upstream = 'tok2vec'\).*'home"):
        check_annotated("joint", [listener], docs)


def test_width_of_the_encoder_before(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"])
    around = nlp.get_pipe("mtl")._pipeline
    check_width(around, nlp)
    (node,) = around.upstream_listeners
    node.set_dim("nO", 99, force=True)
    with pytest.raises(ValueError, match="'transformer' produces .*width 16.*trained with.*99"):
        check_width(around, nlp)


def test_an_unknown_place_is_refused_whenever_it_is_set(make_nlp: Callable) -> None:
    mtl = make_nlp().get_pipe("mtl")
    with pytest.raises(ValueError, match=r"'gradients' of .* 'mtl' is 'typo'.*components.mtl"):
        mtl.gradients = "typo"
    assert mtl.gradients == "representation"

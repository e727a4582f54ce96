"""Views outside of training steps: made once, read once, made again where they are missing."""

import gc
from typing import Any, List

import numpy
import pytest
import spacy
from recorded_views import record_views
from scheme_pipelines import build, network_of
from schemes import Row
from spacy.language import Language
from spacy.tokens import Doc
from tiny_corpus import make_examples
from training_steps import parameters, train_steps

TASK_ATTENTION = Row("TaskAttention")


@pytest.fixture
def nlp() -> Language:
    nlp = build(TASK_ATTENTION)
    train_steps(nlp, 3)
    return nlp


@pytest.fixture
def made(nlp: Language) -> List[List[str]]:
    """The tasks whose views were made, one entry per forward pass of the scheme."""
    return record_views(nlp)


def test_views_of_a_batch_are_made_at_once(nlp: Language, made: List[List[str]]) -> None:
    list(nlp.pipe(["old runs", "", "Anna runs home"]))
    assert made == [["tagger", "ner", "textcat"]]


def test_only_those_of_enabled_heads(nlp: Language, made: List[List[str]]) -> None:
    with nlp.select_pipes(disable=["ner"]):
        nlp("old runs")
    assert made == [["tagger", "textcat"]]


def test_views_are_read_once(nlp: Language, made: List[List[str]]) -> None:
    """So that documents that are kept don't hold arrays that nobody needs."""
    doc = nlp("old runs")
    assert doc not in nlp.get_pipe("mtl")._views._kept  # type: ignore[attr-defined]
    ner: Any = nlp.get_pipe("ner")
    ner.predict([doc])
    assert made[1:] == [["ner"]]


def test_documents_are_held_weakly(nlp: Language) -> None:
    mtl: Any = nlp.get_pipe("mtl")
    docs = [mtl(nlp.make_doc(text)) for text in ["old runs", "Anna runs home"]]
    table = mtl._views
    assert len(table._kept) == 2
    del docs
    gc.collect()
    assert len(table._kept) == 0


def test_views_follow_the_tensor(nlp: Language) -> None:
    """A component between mtl and a head may merge tokens, which changes the tensor."""
    mtl: Any = nlp.get_pipe("mtl")
    doc = mtl(nlp.make_doc("New York is old"))
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[:2])
    (view,) = mtl.read_views("ner", [doc])
    assert len(view) == len(doc) == 3
    other = Doc(nlp.vocab, words=[token.text for token in doc])
    other.tensor = doc.tensor.copy()
    (expected,) = mtl.read_views("ner", [other])
    assert numpy.array_equal(view, expected)


def test_views_equal_those_of_training(nlp: Language) -> None:
    examples = make_examples(nlp)
    mtl: Any = nlp.get_pipe("mtl")
    mtl.update(examples)
    held = {task: nodes[0].held.view for task, nodes in mtl.listener_map.items()}
    mtl.finish_update(lambda key, values, gradient: (values, gradient))
    docs = [Doc(nlp.vocab, words=[t.text for t in eg.reference]) for eg in examples]
    for doc in mtl.pipe(docs):
        assert doc.tensor.size
    for task, views in held.items():
        found = mtl.read_views(task, docs)
        assert all(numpy.allclose(a, b, atol=1e-6) for a, b in zip(found, views))
        assert not numpy.allclose(found[0], docs[0].tensor)


def test_heads_train_on_a_frozen_scheme(nlp: Language) -> None:
    """They read their views, and the scheme doesn't move."""
    before, scheme = parameters(nlp, "ner"), parameters(nlp, "mtl")
    with nlp.select_pipes(disable=["mtl"]):
        train_steps(nlp, 2)
    assert parameters(nlp, "ner") != before
    assert parameters(nlp, "mtl") == scheme


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8", "auto"])
@pytest.mark.parametrize("where", ["inside mtl", "before mtl"])
def test_the_precision_of_the_encoder(where: str, precision: str, encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    encoder = {"name": encoder_dir, "precision": precision}
    model: Any = TASK_ATTENTION.block()
    if where == "inside mtl":
        model["tok2vec"] = {"@architectures": "spacy_mtl.TransformerEncoder.v1", **encoder}
    else:
        architecture = "spacy_mtl.TransformerModel.v1"
        nlp.add_pipe("transformer", config={"model": {"@architectures": architecture, **encoder}})
        model["tok2vec"] = {
            "@architectures": "spacy-transformers.TransformerListener.v1",
            "grad_factor": 1.0,
            "pooling": {"@layers": "reduce_mean.v1"},
        }
    nlp.add_pipe("mtl", config={"model": model})
    for factory in ("mtl_tagger", "mtl_ner"):
        nlp.add_pipe(factory)
    nlp.initialize(lambda: make_examples(nlp))
    seen = []
    linear = network_of(nlp).masks["mtl_ner"].output
    linear.register_forward_hook(lambda module, inputs, output: seen.append(str(output.dtype)))
    doc = nlp("old runs")
    expected = {"fp32": "torch.float32", "bf16": "torch.bfloat16", "int8": "torch.float32"}
    assert seen[0] == expected.get(precision, seen[0])
    (view,) = nlp.get_pipe("mtl").read_views("mtl_ner", [doc])  # type: ignore[attr-defined]
    assert view.dtype == numpy.float32
    if precision != "int8":
        nlp.update(make_examples(nlp), sgd=False)
        assert seen[-1] == seen[0]


def test_uninitialized_schemes_say_so() -> None:
    nlp = build(TASK_ATTENTION, initialize=False)
    mtl: Any = nlp.get_pipe("mtl")
    doc = nlp.make_doc("old runs")
    doc.tensor = numpy.zeros((2, 16), dtype="float32")
    with pytest.raises(ValueError, match=r"TaskAttention.v1 has no weights yet: call nlp.init"):
        mtl.read_views("ner", [doc])

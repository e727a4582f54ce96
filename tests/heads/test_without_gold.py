"""Heads that have no gold annotation in a batch."""

from typing import Any, Callable, List

import numpy
import pytest
import spacy
from spacy.language import Language
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import CNN, HEADS
from training_steps import parameters, train_steps

from spacy_mtl.types import TASKS_KEY


def count_passes(model: Any) -> List[str]:
    """Take down the forward passes of a model in training, and its backward passes."""
    passes: List[str] = []
    inner = model._func

    def forward(model: Any, docs: Any, is_train: bool) -> Any:
        outputs, backprop = inner(model, docs, is_train)
        passes.append("forward")
        return outputs, lambda d_outputs: [passes.append("backward"), backprop(d_outputs)][1]

    model._func = forward
    return passes


def test_head_without_gold_is_not_moved(make_nlp: Callable, encoder: Any) -> None:
    """Adam's momentum and weight decay would move it."""
    nlp = make_nlp(encoder=encoder)
    sgd = train_steps(nlp)
    before = parameters(nlp, "ner")
    for _ in range(2):
        nlp.update(make_examples(nlp, keep="tag"), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)
    assert parameters(nlp, "ner") == before


@pytest.mark.parametrize("last", HEADS)
def test_no_pass_without_gold(make_nlp: Callable, last: str) -> None:
    """Neither forward nor backward, wherever the head stands."""
    nlp = make_nlp([*[task for task in HEADS if task != last], last], encoder=None)
    passes = {task: count_passes(nlp.get_pipe(task).model) for task in HEADS}
    for task, kind in {"tagger": "tag", "ner": "ents", "textcat": "cats"}.items():
        losses = nlp.update(make_examples(nlp, kind), sgd=False)
        assert passes.pop(task) == ["forward", "backward"]
        assert losses["mtl"] == losses[task] > 0
        assert not any(passes.values())
        passes[task] = count_passes(nlp.get_pipe(task).model)
    nlp.update(make_examples(nlp, ""), sgd=False)
    assert not any(passes.values())


def test_gold_that_is_another_tasks(make_nlp: Callable) -> None:
    """A corpus that says what it is annotated for."""
    nlp = make_nlp(encoder=None)
    passes = {task: count_passes(nlp.get_pipe(task).model) for task in HEADS}
    examples = make_examples(nlp)
    for eg in examples:
        eg.reference.user_data[TASKS_KEY] = ("ner",)
    nlp.update(examples, sgd=False)
    assert passes == {"tagger": [], "ner": ["forward", "backward"], "textcat": []}


def test_head_with_an_encoder_of_its_own(make_nlp: Callable) -> None:
    """Nobody waits for its gradient."""
    nlp = make_nlp(encoder=None)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    passes = count_passes(nlp.get_pipe("ner").model)
    nlp.update(make_examples(nlp, "tag"), sgd=False)
    assert passes == []
    nlp.update(make_examples(nlp, "ents"), sgd=False)
    assert passes == ["forward", "backward"]


def behind_tok2vec() -> Language:
    """Heads of this package behind spaCy's own `tok2vec`, without a joint component."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": CNN})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": CNN["width"]}
    listener["upstream"] = "tok2vec"
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name, config={"model": {"tok2vec": listener}})
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


@pytest.mark.parametrize("kind", ["tag", "ents", "cats"])
def test_stock_encoder_still_gets_its_gradient(kind: str) -> None:
    """It runs its backward pass when the last head sends something, if that is zeros."""
    head = {"tag": "tagger", "ents": "ner", "cats": "textcat"}[kind]
    nlp = behind_tok2vec()
    passes = {task: count_passes(nlp.get_pipe(task).model) for task in HEADS}
    losses = nlp.update(make_examples(nlp, kind), sgd=False)
    assert set(map(tuple, passes.values())) == {("forward", "backward")}
    assert [task for task in HEADS if losses[task]] == [head]
    alone = behind_tok2vec()
    for task in HEADS:
        if task != head:
            alone.remove_pipe(task)
    alone.update(make_examples(alone, kind), sgd=False)
    found, expected = gradient_of_tok2vec(nlp), gradient_of_tok2vec(alone)
    assert numpy.linalg.norm(expected) > 1e-8
    assert numpy.allclose(found, expected, rtol=1e-5, atol=1e-8)


def gradient_of_tok2vec(nlp: Language) -> numpy.ndarray:
    nodes = list(nlp.get_pipe("tok2vec").model.walk())
    rows = [node.get_grad(name).ravel() for node in nodes for name in node.param_names]
    return numpy.concatenate(rows)

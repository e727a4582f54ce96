"""The loss of a head with a teacher against finite differences, with gold for some of the texts."""

from pathlib import Path
from typing import Any, Callable, List

import numpy
import pytest
from finite_differences import numeric_gradient
from taught_pipelines import KINDS, block, start, unlabelled, with_head
from tiny_corpus import make_examples

from spacy_mtl.arrays import cut
from spacy_mtl.losses import softmax
from spacy_mtl.teachers.teacher import Lesson


@pytest.mark.parametrize("kind", KINDS)
def test_gradient(kind: str, teacher_of: Callable[[str], Path], tmp_path: Path) -> None:
    settings = {} if kind == "ner with transitions" else {"label_smoothing": 0.1}
    teacher = block(teacher_of(kind), tmp_path, 0.3)
    nlp = start(with_head(kind, teacher=teacher, **settings))
    head: Any = nlp.get_pipe("head")
    head.model.walk()
    examples = [*make_examples(nlp), *unlabelled(nlp, 2)]
    docs = [eg.predicted for eg in examples]
    lesson = head.next_lesson(docs)
    lengths = [len(doc) for doc in docs]
    n_units = sum(lengths) if head.unit == "token" else len(docs)
    logits = numpy.random.default_rng(0).normal(size=(n_units, len(head.classes())))
    lesson.targets.setflags(write=False)

    def loss_of(flat: numpy.ndarray) -> Any:
        scores: Any = cut(flat, lengths) if head.unit == "token" else flat
        own = head.own_examples(examples)
        return head.learn(lesson, *head.loss_of(own, scores), scores)

    loss, d_scores = loss_of(logits)
    found = numpy.concatenate(d_scores) if head.unit == "token" else d_scores
    assert numpy.allclose(found, numeric_gradient(lambda x: loss_of(x)[0].value, logits), atol=1e-7)
    # Rows of texts without annotation learn from the teacher only.
    n_taught = sum(lengths[-2:]) if head.unit == "token" else 2
    assert numpy.abs(found[-n_taught:]).min() > 0
    expected = n_units * (len(head.labels) if kind == "multi" else 1)
    assert loss.n_units == expected
    if kind == "ner with transitions":
        check_transitions(head, lambda: loss_of(logits)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_targets_of_some_classes(kind: str) -> None:
    """In another order. Other classes have no gradient, and change nothing."""
    nlp = start(with_head(kind))
    head: Any = nlp.get_pipe("head")
    classes = list(range(len(head.classes())))
    # That of tokens outside of entities stays the first.
    classes[1:] = classes[:0:-1] if "ner" not in kind else [*classes[5:], *classes[1:5]]
    head.add_label("NEW")
    examples = make_examples(nlp)
    lengths = [len(eg.predicted) for eg in examples]
    n_units = sum(lengths) if head.unit == "token" else len(lengths)
    logits = numpy.random.default_rng(0).normal(size=(n_units, len(head.classes())))
    targets = softmax(numpy.random.default_rng(1).normal(size=(n_units, len(classes))))
    lesson = Lesson(1.0, targets, classes)

    def loss_of(flat: numpy.ndarray) -> Any:
        scores: Any = cut(flat, lengths) if head.unit == "token" else flat
        return head.learn(lesson, *head.loss_of(examples, scores), scores)[0]

    loss = loss_of(logits)
    found = loss.gradient
    assert numpy.allclose(found, numeric_gradient(lambda x: loss_of(x).value, logits), atol=1e-7)
    assert not found[:, len(classes) :].any()
    assert numpy.abs(found[:, : len(classes)]).min() > 0
    if kind == "ner with transitions":
        check_transitions(head, lambda: loss_of(logits))


def check_transitions(head: Any, loss: Callable[[], Any]) -> None:
    node = head.model.get_ref("transitions")
    before = numpy.random.default_rng(1).normal(size=node.get_param("T").shape)

    def value(transitions: numpy.ndarray) -> float:
        node.set_param("T", transitions)
        return loss().value

    node.set_param("T", before)
    head.add_gradients(loss())
    found = node.get_grad("T")
    assert numpy.allclose(found, numeric_gradient(value, before), atol=1e-6)
    assert found.any()


@pytest.mark.parametrize("kind", ["textcat", "multi"])
def test_documents_without_tokens(
    kind: str, teacher_of: Callable[[str], Path], tmp_path: Path
) -> None:
    """The teacher has nothing to say about them."""
    nlp = start(with_head(kind, teacher=block(teacher_of(kind), tmp_path)))
    head: Any = nlp.get_pipe("head")
    (eg,) = unlabelled(nlp, 1)
    docs: List[Any] = [nlp.make_doc(""), eg.predicted]
    lesson = head.next_lesson(docs)
    assert numpy.isnan(lesson.targets[0]).all()
    loss = head.soft_loss(numpy.zeros((2, 2)), lesson.targets)
    assert not loss.gradient[0].any()
    assert loss.n_units == (2 if kind == "multi" else 1)

"""Callbacks that a `tok2vec` or `transformer` component has left with a listener."""

from typing import Any, Callable, List, Tuple

import numpy
import pytest
from open_steps import filled
from spacy.pipeline.tok2vec import Tok2Vec, Tok2VecListener
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from spacy_mtl.compat.spacy import callback_of, holds_batch
from spacy_mtl.joint.upstream import HeldCallbacks, SentGradients, drop_callbacks


def holding(*names: str) -> Tuple[List[Any], List[str]]:
    """Listeners that hold a batch each, and the names of the callbacks that were called."""
    called: List[str] = []
    listeners = [Tok2VecListener("tok2vec", 3) for _ in names]
    for listener, name in zip(listeners, names):
        receive(listener, name, called)
    return listeners, called


def receive(listener: Any, name: str, called: List[str]) -> None:
    listener.receive(1, [], lambda gradients: called.append(name))


def call(listener: Any) -> None:
    callback_of(listener)([])


def test_listeners_hold_nothing_meanwhile() -> None:
    listeners, called = holding("a", "b")
    held = HeldCallbacks(listeners)
    assert not any(map(holds_batch, listeners))
    assert [callback_of(listener) for listener in listeners] == [None, None]
    held.put_back()
    for listener in listeners:
        call(listener)
    assert called == ["a", "b"]


def test_the_next_batch_waits_while_the_last_is_answered() -> None:
    (listener,), called = holding("first")
    held = HeldCallbacks([listener])
    receive(listener, "second", called)
    with held.restored():
        call(listener)
    call(listener)
    assert called == ["first", "second"]
    # It was used, and lets go of the batch.
    with held.restored():
        call(listener)
    assert called == ["first", "second", "second"]


def test_several_passes_of_one_batch() -> None:
    (listener,), called = holding("first")
    held = HeldCallbacks([listener])
    receive(listener, "second", called)
    for keep in (True, True, False):
        with held.restored(keep):
            call(listener)
    call(listener)
    assert called == ["first", "first", "first", "second"]


def test_the_next_batch_is_put_back_after_an_error() -> None:
    (listener,), called = holding("first")
    held = HeldCallbacks([listener])
    receive(listener, "second", called)

    def fail() -> None:
        with held.restored():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    call(listener)
    assert called == ["second"]


def test_batches_without_a_step_are_dropped() -> None:
    listeners, called = holding("a", "b")
    drop_callbacks(listeners)
    assert not any(map(holds_batch, listeners))
    assert called == []


@pytest.fixture
def tok2vec() -> Tuple[Tok2Vec, List[Doc], List[Any]]:
    """A component with a listener, and what its encoder was sent."""
    sent: List[Any] = []

    def forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[Any, Callable]:
        return filled(docs, 1), lambda d_vectors: [
            sent.append([d.copy() for d in d_vectors]),
            docs,
        ][1]

    vocab = Vocab()
    component = Tok2Vec(vocab, Model("encoder", forward, dims={"nO": 3}), "tok2vec")
    component.add_listener(Tok2VecListener("tok2vec", 3), "mtl")
    return component, [Doc(vocab, words=["old", "runs"]), Doc(vocab, words=["home"])], sent


def test_passes_do_not_add_up_in_the_component(tok2vec: Any) -> None:
    component, docs, sent = tok2vec
    (listener,) = component.listeners
    component.update([Example(doc, doc) for doc in docs])
    gradients = SentGradients([listener])
    for value in (1, 2, 3):
        gradients.begin_pass()
        callback_of(listener)(filled(docs, value))
    for i, value in enumerate((1, 2, 3)):
        expected = filled(docs, value)
        assert all(map(numpy.array_equal, sent[i], expected))
        assert all(map(numpy.array_equal, gradients.passes[i], expected))


def test_listeners_without_a_batch_send_nothing() -> None:
    listener = Tok2VecListener("tok2vec", 3)
    gradients = SentGradients([listener])
    gradients.begin_pass()
    assert callback_of(listener) is None
    assert gradients.passes == [[]]

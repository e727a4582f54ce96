"""Callbacks that are held for the listeners of the joint component: `transformer`, `tok2vec`."""

from contextlib import contextmanager
from functools import partial
from typing import Any, Iterator, List, Sequence

from spacy.pipeline.tok2vec import Tok2VecListener

from ..compat.spacy import callback_of, give_callback, gradient_sums, set_callback, take_callback


class HeldCallbacks:
    """The run state of upstream listeners, kept for the backward pass of a step.

    `TransformerListener.backprop_and_clear` looks its callback up when called. By
    the time a late step closes, the listener holds the next batch's. Here each
    step keeps its own, and the listeners hold none in between, so that they can
    be pickled.

    listeners (Sequence[Model]): The listeners of the joint component.
    """

    def __init__(self, listeners: Sequence[Any]) -> None:
        self._held = [(node, take_callback(node)) for node in listeners]

    @contextmanager
    def restored(self, keep: bool = False) -> Iterator[None]:
        """Put the run state back for the time of a backward pass.

        keep (bool): Whether it is needed for another one.
        """
        others = [(node, take_callback(node)) for node, _ in self._held]
        self.put_back()
        if not keep:
            self._held = []
        try:
            yield
        finally:
            for node, state in others:
                give_callback(node, state)

    def put_back(self) -> None:
        """Give the listeners what they had."""
        for node, state in self._held:
            give_callback(node, state)


class SentGradients:
    """Takes down what goes to the encoders upstream, where a step runs several passes.

    listeners (Sequence[Model]): The listeners of the joint component, before they run
        forward: a Tok2VecListener hands its callback on then.
    """

    def __init__(self, listeners: Sequence[Any]) -> None:
        #: What was sent, pass by pass.
        self.passes: List[List[Any]] = []
        # A Tok2Vec adds up what its listeners send, and would go on from the last pass.
        self._sums: List[Any] = []
        for node in listeners:
            callback = callback_of(node)
            if callback is not None:
                if isinstance(node, Tok2VecListener):
                    self._sums += gradient_sums(callback)
                set_callback(node, partial(self._note_and_call, callback))

    def begin_pass(self) -> None:
        """Take note that what comes now belongs to another pass."""
        self.passes.append([])
        for total in self._sums:
            total.fill(0)

    def _note_and_call(self, callback: Any, gradients: Any) -> Any:
        for gradient in gradients:
            # Of wordpieces, by transformer components.
            self.passes[-1].extend(getattr(gradient, "tensors", [gradient]))
        return callback(gradients)


def drop_callbacks(listeners: Sequence[Any]) -> None:
    """Let go of the run state of a batch for which no step is opened.

    listeners (Sequence[Model]): The listeners of the joint component.
    """
    for node in listeners:
        take_callback(node)

"""The callbacks of upstream encoders (`transformer`, `tok2vec`) that the joint component holds."""

from contextlib import contextmanager
from functools import partial
from typing import Any, Iterator, List, Sequence

from spacy.pipeline.tok2vec import Tok2VecListener

from ..compat.spacy import callback_of, give_callback, gradient_sums, set_callback, take_callback


class HeldCallbacks:
    """The run state of upstream listeners, kept for the backward pass of a step.

    `TransformerListener.backprop_and_clear` looks up its callback when it is called.
    When a late step closes, the listener already holds the next batch's. So each step
    keeps its own here. In between, the listeners hold none, so they can be pickled.

    listeners (Sequence[Model]): The upstream listeners of the joint component.
    """

    def __init__(self, listeners: Sequence[Any]) -> None:
        self._held = [(node, take_callback(node)) for node in listeners]

    @contextmanager
    def restored(self, keep: bool = False) -> Iterator[None]:
        """Give the run state back to the listeners during a backward pass.

        keep (bool): Whether another pass will need it.
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
        """Give the run state back to the listeners."""
        for node, state in self._held:
            give_callback(node, state)


class SentGradients:
    """Record the gradients sent to upstream encoders when a step runs several passes.

    listeners (Sequence[Model]): The upstream listeners of the joint component. Pass them before
        their forward pass, in which a Tok2VecListener hands its callback on.
    """

    def __init__(self, listeners: Sequence[Any]) -> None:
        #: The gradients sent, pass by pass.
        self.passes: List[List[Any]] = []
        # A Tok2Vec adds up what its listeners send, and would start from the last pass's sum.
        self._sums: List[Any] = []
        for node in listeners:
            callback = callback_of(node)
            if callback is not None:
                if isinstance(node, Tok2VecListener):
                    self._sums += gradient_sums(callback)
                set_callback(node, partial(self._note_and_call, callback))

    def begin_pass(self) -> None:
        """Start another pass: record its gradients separately."""
        self.passes.append([])
        for total in self._sums:
            total.fill(0)

    def _note_and_call(self, callback: Any, gradients: Any) -> Any:
        for gradient in gradients:
            # Transformer components send gradients of wordpieces, in an object with tensors.
            self.passes[-1].extend(getattr(gradient, "tensors", [gradient]))
        return callback(gradients)


def drop_callbacks(listeners: Sequence[Any]) -> None:
    """Drop the run state of a batch that opens no step.

    listeners (Sequence[Model]): The upstream listeners of the joint component.
    """
    for node in listeners:
        take_callback(node)

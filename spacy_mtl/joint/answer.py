"""What a head sends back through its listeners: a report and a gradient, or a skip."""

from typing import Any, List, Protocol, Sequence

from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model

from ..compat.spacy import callback_of, is_listener
from ..types import LossAndGradient, TokenVectors
from .listener import TaskListener


class Receiver(Protocol):
    """Collects the answers of a batch: the joint step."""

    def take_report(self, task: str, loss: LossAndGradient) -> None:
        """Record a task's loss. It is reported before the gradient is sent."""

    def take_gradient(self, task: str, listener: int, d_view: TokenVectors) -> TokenVectors:
        """Take the gradient of a task's view. Return zeros of the same shape."""
        ...

    def take_skip(self, task: str, listener: int) -> None:
        """Record that a task has no annotation in the batch."""


class Answer:
    """The callback that a listener holds while a joint step waits for its head.

    receiver (Receiver): Collects the answers.
    task (str): The name of the head.
    listener (int): The index of the head's listener that holds this callback.
    """

    def __init__(self, receiver: Receiver, task: str, listener: int) -> None:
        self._receiver = receiver
        self._task = task
        self._listener = listener

    def __call__(self, d_view: TokenVectors) -> TokenVectors:
        """Send the gradient of the view, as a layer's backward pass does.

        d_view (List[Floats2d]): One array per document. Shape: (n_tokens, width).
        RETURNS (List[Floats2d]): Zeros of the same shape.
        """
        return self._receiver.take_gradient(self._task, self._listener, d_view)

    def report(self, loss: LossAndGradient) -> None:
        """Report a loss and the number of units it is averaged over.

        loss (LossAndGradient): The loss.
        """
        self._receiver.take_report(self._task, loss)

    def skip(self) -> None:
        """Announce that no gradient will follow."""
        self._receiver.take_skip(self._task, self._listener)


def report(model: Model, loss: LossAndGradient) -> None:
    """Report a head's loss to the joint step, through our listeners or spaCy's.

    model (Model): The model of the head.
    loss (LossAndGradient): The loss on the batch whose view the model has taken.
    """
    for answer in _answers(model):
        if isinstance(answer, Answer):
            answer.report(loss)


def may_skip(model: Model) -> bool:
    """Check whether a head without gold annotation may skip its forward and backward pass.

    model (Model): The model of the head.
    RETURNS (bool): False if it listens to another kind of component, whose encoder only learns
        once the last listener sends a gradient, even one of zeros. Also False without an open
        step: when the head asks for its view, the joint component finds out that the head is
        trained, and clears what the encoder upstream still holds.
    """
    return all(isinstance(answer, Answer) for answer in _answers(model))


def skip(model: Model) -> bool:
    """Let a head without gold annotation skip its forward and backward pass, if possible.

    Every listener of the head answers the joint step with a skip.

    model (Model): The model of the head.
    RETURNS (bool): Whether the head may skip: see `may_skip`.
    """
    if not may_skip(model):
        return False
    for answer in _answers(model):
        answer.skip()
    return True


def listens_to_steps_only(model: Model) -> bool:
    """RETURNS (bool): Whether a head listens to nothing else, so it may skip any joint step."""
    return all(isinstance(node, TaskListener) for node in model.walk() if is_listener(node))


def hand_out(listener: Tok2VecListener, docs: Sequence[Doc], view: Any, answer: Any) -> None:
    """Hand a head its view of a batch, through our listener or spaCy's.

    listener (Tok2VecListener): The head's listener.
    docs (Sequence[Doc]): The documents of the batch.
    view (List[Floats2d]): One array per document. Shape: (n_tokens, width).
    answer (Callable): Takes the gradient of the view and returns zeros of the same shape.
    """
    if isinstance(listener, TaskListener):
        listener.open(docs, view, answer)
    else:
        listener.receive(listener.get_batch_id(docs), view, answer)


def take_back(listener: Tok2VecListener) -> None:
    """Clear the view and the callback from our listener or spaCy's.

    listener (Tok2VecListener): The head's listener.
    """
    if isinstance(listener, TaskListener):
        listener.close()
    else:
        listener.receive(None, None, None)  # type: ignore[arg-type]


def was_read(listener: Tok2VecListener) -> bool:
    """RETURNS (bool): Whether a head has taken its view. spaCy's listeners can't tell: False."""
    held = listener.held if isinstance(listener, TaskListener) else None
    return held is not None and held.was_read


def _answers(model: Model) -> List[Any]:
    """RETURNS (List[Optional[Callable]]): The callback that each listener of a model holds."""
    found: List[Any] = []
    for node in model.walk():
        if isinstance(node, TaskListener):
            found.append(None if node.held is None else node.held.answer)
        elif is_listener(node):
            found.append(callback_of(node))
    return found

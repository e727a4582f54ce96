"""What a head sends back through its listeners: a report, a gradient, or that it skips a batch."""

from typing import Any, List, Protocol, Sequence

from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model

from ..compat.spacy import callback_of, is_listener
from ..types import LossAndGradient, TokenVectors
from .listener import TaskListener


class Receiver(Protocol):
    """Who collects the answers of a batch: the joint step."""

    def take_report(self, task: str, loss: LossAndGradient) -> None:
        """Take the loss of a task, before its gradient."""

    def take_gradient(self, task: str, listener: int, d_view: TokenVectors) -> TokenVectors:
        """Take the gradient of a task's view, and return zeros like it."""
        ...

    def take_skip(self, task: str, listener: int) -> None:
        """Take note that a task has no annotation in the batch."""


class Answer:
    """The callback that a listener holds while its head is expected to answer.

    receiver (Receiver): Who collects the answers.
    task (str): The name of the head.
    listener (int): Which of the head's listeners holds it.
    """

    def __init__(self, receiver: Receiver, task: str, listener: int) -> None:
        self._receiver = receiver
        self._task = task
        self._listener = listener

    def __call__(self, d_view: TokenVectors) -> TokenVectors:
        """Send the gradient of the view, as a layer's backward pass does.

        d_view (List[Floats2d]): One array a document. Shape: (n_tokens, width).
        RETURNS (List[Floats2d]): Zeros like it.
        """
        return self._receiver.take_gradient(self._task, self._listener, d_view)

    def report(self, loss: LossAndGradient) -> None:
        """Report a loss and how many units it is the mean over.

        loss (LossAndGradient): The loss.
        """
        self._receiver.take_report(self._task, loss)

    def skip(self) -> None:
        """Say that there is no gradient to come."""
        self._receiver.take_skip(self._task, self._listener)


def report(model: Model, loss: LossAndGradient) -> None:
    """Report the loss of a head to the joint step, through listeners of ours or of spaCy's.

    model (Model): The model of the head.
    loss (LossAndGradient): The loss of the batch whose view the model has taken.
    """
    for answer in _answers(model):
        if isinstance(answer, Answer):
            answer.report(loss)


def skip(model: Model) -> bool:
    """Spare a head without gold annotation its forward and backward pass, if that is possible.

    The joint step is answered at every listener of the head.

    model (Model): The model of the head.
    RETURNS (bool): False if a component of another kind waits for the head's gradient: its
        encoder learns from what the last listener sends, even if that is zeros. Also if there is
        no open step: the joint component learns of such a head, and lets go of what the encoder
        before it holds, when the head asks for its view.
    """
    answers = _answers(model)
    if not all(isinstance(answer, Answer) for answer in answers):
        return False
    for answer in answers:
        answer.skip()
    return True


def hand_out(listener: Tok2VecListener, docs: Sequence[Doc], view: Any, answer: Any) -> None:
    """Hand a head its view of a batch, through a listener of ours or of spaCy's.

    listener (Tok2VecListener): The head's listener.
    docs (Sequence[Doc]): The documents of the batch.
    view (List[Floats2d]): One array a document. Shape: (n_tokens, width).
    answer (Callable): Takes the gradient of the view, returns zeros like it.
    """
    if isinstance(listener, TaskListener):
        listener.open(docs, view, answer)
    else:
        listener.receive(listener.get_batch_id(docs), view, answer)


def take_back(listener: Tok2VecListener) -> None:
    """Have a listener of ours or of spaCy's forget the view and the callback.

    listener (Tok2VecListener): A head's listener.
    """
    if isinstance(listener, TaskListener):
        listener.close()
    else:
        listener.receive(None, None, None)  # type: ignore[arg-type]


def was_read(listener: Tok2VecListener) -> bool:
    """RETURNS (bool): Whether a head has taken its view, as far as its listener tells."""
    held = listener.held if isinstance(listener, TaskListener) else None
    return held is not None and held.was_read


def _answers(model: Model) -> List[Any]:
    """RETURNS (List[Optional[Callable]]): What waits at each listener of a model."""
    found: List[Any] = []
    for node in model.walk():
        if isinstance(node, TaskListener):
            found.append(None if node.held is None else node.held.answer)
        elif is_listener(node):
            found.append(callback_of(node))
    return found

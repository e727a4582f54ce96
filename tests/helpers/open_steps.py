"""A joint step without encoder, heads or pipeline: listeners that only hold what they are given."""

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import NumpyOps

from spacy_mtl.joint.step import Answers, JointStep
from spacy_mtl.types import LossAndGradient

WIDTH = 3


class FakeListener:
    """Takes its batch as spaCy's listeners do."""

    def __init__(self) -> None:
        self.view: Any = None
        self.answer: Any = None

    @staticmethod
    def get_batch_id(docs: Sequence[Doc]) -> int:
        return len(docs)

    def receive(self, batch_id: Optional[int], view: Any, answer: Optional[Callable]) -> None:
        self.view, self.answer = view, answer


def open_step(
    listeners: Dict[str, int], expected: Optional[List[str]] = None, **settings: Any
) -> Tuple[JointStep, Dict[str, List[FakeListener]], List[Answers]]:
    """Open a step on two documents of 2 and 1 tokens.

    listeners: How many each task has, in pipeline order.
    expected: The tasks that will answer. By default all.
    settings: Instead of the defaults of the step's own.
    RETURNS: The step, the listeners, and a list to which it adds its answers once it closes.
    """
    vocab = Vocab()
    docs = [Doc(vocab, words=words) for words in (["old", "runs"], ["home"])]
    made = {task: [FakeListener() for _ in range(n)] for task, n in listeners.items()}
    closed: List[Answers] = []
    given: Dict[str, Any] = {
        "totals": {},
        "late_losses": {},
        "adapters": {},
        "when_complete": closed.append,
        "ops": NumpyOps(),
        **settings,
    }
    step = JointStep(
        [Example(doc, doc) for doc in docs],
        made,
        list(made) if expected is None else expected,
        {task: filled(docs, i) for i, task in enumerate(made)},
        **given,
    )
    step.open()
    return step, made, closed


def filled(docs: Sequence[Doc], value: float) -> List[numpy.ndarray]:
    """A view, or the gradient of one, with the same value everywhere."""
    return [numpy.full((len(doc), WIDTH), value, dtype="float32") for doc in docs]


def loss_of(value: float, n_units: int = 3) -> LossAndGradient:
    """What a head reports: its gradient by the scores is nobody's business here."""
    return LossAndGradient(value, numpy.zeros((0, 0), dtype="float32"), n_units)

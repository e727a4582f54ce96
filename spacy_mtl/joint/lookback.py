"""The losses of a batch once more, after the optimizer's step, for a weighting that asks."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Set

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..sharing.contract import as_features
from ..tasks.stock import task_of
from ..types import Combined, TokenVectors, Weighting
from .answer import hand_out, take_back
from .pipeline import Listeners, Pipeline, find_upstream, upstream_listeners
from .step import JointStep
from .upstream import HeldCallbacks


@dataclass(frozen=True)
class _Closed:
    """What is kept of a step whose losses are to be computed again."""

    examples: List[Example]
    listeners: Listeners
    divisors: Dict[str, float]


class Lookback(Weighting):
    """A weighting that is told what its weights have done to the losses.

    Where losses cannot be computed again, those of the next step that has the task count.

    weighting (Weighting): One whose `recompute` is true.
    """

    def __init__(self, weighting: Weighting) -> None:
        self._weighting = weighting
        # The last step, the tasks of the steps since the optimizer's last, and those of an
        # optimizer's step that nobody has looked at yet.
        self._last: Optional[_Closed] = None
        self._is_applied = False
        self._waiting: Set[str] = set()
        self._unobserved: Set[str] = set()

    @property
    def title(self) -> str:
        """RETURNS (str): The name of the weighting."""
        return self._weighting.title

    def __call__(self, losses: Dict[str, float], gradients: Floats2d) -> Combined:
        """Tell the weighting of losses that it has not been told, and have it weigh."""
        self._observe({t: loss for t, loss in losses.items() if t in self._unobserved})
        return self._weighting(losses, gradients)

    def note_closed(self, step: JointStep, tasks: Sequence[str]) -> None:
        """Keep a step to look back at.

        step (JointStep): The step.
        tasks (Sequence[str]): The tasks that were weighed.
        """
        listeners = {task: step.listeners[task] for task in tasks}
        self._last = _Closed(step.examples, listeners, dict(step.loss_divisors))
        self._is_applied = False
        self._waiting.update(tasks)

    def note_applied(self) -> None:
        """Remember that the optimizer has used the gradient of the last step (or steps)."""
        self._is_applied = True
        self._unobserved |= self._waiting
        self._waiting = set()

    def look(self, pipeline: Pipeline) -> None:
        """Tell the weighting what the last step has done to the losses.

        pipeline (Pipeline): The pipeline around the joint component.
        """
        last, nlp = self._last, pipeline.nlp
        if last is None or not self._is_applied:
            return
        self._last = None
        if nlp is None:
            return
        losses = recompute_losses(nlp, pipeline.model, last.listeners, last.examples)
        self._observe({t: v / last.divisors.get(t, 1.0) for t, v in losses.items()})

    def get_unobserved(self) -> List[str]:
        """RETURNS (List[str]): The tasks of whose losses the weighting is still to be told."""
        return sorted(self._unobserved | self._waiting)

    def set_unobserved(self, tasks: Sequence[str]) -> None:
        """Continue from what `get_unobserved` gave.

        tasks (Sequence[str]): The tasks.
        """
        self._unobserved = set(tasks)
        self._last, self._waiting = None, set()

    def get_batch(self) -> Optional[Dict[str, Any]]:
        """RETURNS (Optional[Dict[str, Any]]): The batch that the next step looks at again."""
        last = self._last
        if last is None:
            return None
        return {
            "predicted": [eg.predicted.to_bytes(exclude=["user_data"]) for eg in last.examples],
            "gold": [eg.reference.to_bytes() for eg in last.examples],
            "tasks": list(last.listeners),
            "divisors": last.divisors,
            "is_applied": self._is_applied,
        }

    def set_batch(self, state: Dict[str, Any], listeners: Listeners, vocab: Vocab) -> None:
        """Continue with a batch that `get_batch` gave.

        state (Dict[str, Any]): The batch.
        listeners (Dict[str, List[Tok2VecListener]]): The listeners of all tasks.
        vocab (Vocab): The vocabulary of the pipeline.
        """
        examples = [
            Example(Doc(vocab).from_bytes(predicted), Doc(vocab).from_bytes(gold))
            for predicted, gold in zip(state["predicted"], state["gold"])
        ]
        of_tasks = {task: listeners[task] for task in state["tasks"]}
        self._last = _Closed(examples, of_tasks, dict(state["divisors"]))
        self._is_applied = state["is_applied"]

    def _observe(self, losses: Dict[str, float]) -> None:
        if losses:
            self._weighting.observe(losses)
            self._unobserved -= set(losses)


def recompute_losses(
    nlp: Language, model: Model, listeners: Listeners, examples: Sequence[Example]
) -> Dict[str, float]:
    """Run encoder and heads on a batch as in training, without a backward pass.

    nlp (Language): The pipeline.
    model (Model): The model of the joint component.
    listeners (Dict[str, List[Tok2VecListener]]): The listeners of the tasks to look at.
    examples (Sequence[Example]): The batch.
    RETURNS (Dict[str, float]): The loss by task, as the component computes it. Stock
        components that compute none from scores (parser, ner, spancat) are left out.
    """
    docs = [eg.predicted for eg in examples]
    upstream = upstream_listeners(model)
    # They hold the next batch already.
    held = HeldCallbacks(upstream)
    try:
        for node in upstream:
            for _, encoder in find_upstream(nlp, [node]):
                outputs, _ = encoder.model(docs, is_train=True)
                node.receive(node.get_batch_id(docs), getattr(outputs, "doc_data", outputs), None)
        shared, _ = model.get_ref("tok2vec")(docs, is_train=True)
        inputs = (as_features(shared), list(listeners))
        views, _ = model.get_ref("sharing")(inputs, is_train=True)
    finally:
        held.put_back()
    losses = {}
    for task, of_task in listeners.items():
        # A head may have been given an encoder of its own since, and be no task any more.
        adapter = task_of(nlp, task) if task in nlp.pipe_names else None
        if adapter is not None and adapter.loss_from_scores:
            pipe: Any = nlp.get_pipe(task)
            scores = _scores_of(pipe.model, of_task, views.by_task[task], docs)
            loss = adapter.loss_of_batch(list(examples), scores)
            if loss is not None:
                losses[task] = loss
    return losses


def _scores_of(model: Model, listeners: Sequence[Any], view: TokenVectors, docs: Any) -> Any:
    try:
        for listener in listeners:
            hand_out(listener, docs, view, _no_gradient)
        scores, _ = model(docs, is_train=True)
        return scores
    finally:
        for listener in listeners:
            take_back(listener)


def _no_gradient(d_view: Any) -> Any:
    raise RuntimeError("There is no backward pass for losses that are only looked at.")

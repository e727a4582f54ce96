"""Lookback: compute a batch's losses again after the optimizer's step, for weightings that ask."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Set

from spacy.language import Language
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..packed import pack_examples, unpack_examples
from ..sharing.scheme import features_of
from ..tasks.stock import task_of
from ..types import Combined, TokenVectors, Weighting
from .answer import hand_out, take_back
from .pipeline import Listeners, Pipeline, find_upstream, upstream_listeners
from .step import JointStep
from .upstream import HeldCallbacks


@dataclass(frozen=True)
class _Closed:
    """What to keep of a step to compute its losses again."""

    examples: List[Example]
    listeners: Listeners
    divisors: Dict[str, float]
    shares: Dict[str, float]


class Lookback(Weighting):
    """Wrap a weighting to show it how its weights changed the losses.

    If a task's loss can't be computed again, use its loss in the next step that includes it.

    weighting (Weighting): A weighting whose `recompute` is true.
    """

    def __init__(self, weighting: Weighting) -> None:
        self._weighting = weighting
        # The last joint step, and whether the optimizer has used its gradient.
        self._last: Optional[_Closed] = None
        self._is_applied = False
        # Tasks weighed since the last optimizer step, and tasks whose loss after an optimizer
        # step the weighting has yet to see.
        self._waiting: Set[str] = set()
        self._unobserved: Set[str] = set()

    @property
    def title(self) -> str:
        """RETURNS (str): The name of the weighting."""
        return self._weighting.title

    def __call__(self, losses: Dict[str, float], gradients: Floats2d) -> Combined:
        """Show the weighting the losses it hasn't seen, then let it combine the gradients."""
        self._observe({t: loss for t, loss in losses.items() if t in self._unobserved})
        return self._weighting(losses, gradients)

    def note_closed(self, step: JointStep, tasks: Sequence[str]) -> None:
        """Keep a step to look back at.

        step (JointStep): The step that has closed.
        tasks (Sequence[str]): The tasks that were weighed.
        """
        listeners = {task: step.listeners[task] for task in tasks}
        divisors, shares = dict(step.loss_divisors), dict(step.shares)
        self._last = _Closed(step.examples, listeners, divisors, shares)
        self._is_applied = False
        self._waiting.update(tasks)

    def note_applied(self) -> None:
        """Record that the optimizer has used the gradients of the steps so far."""
        self._is_applied = True
        self._unobserved |= self._waiting
        self._waiting = set()

    def look(self, pipeline: Pipeline) -> None:
        """Show the weighting how the last step changed the losses.

        pipeline (Pipeline): The pipeline around the joint component.
        """
        last, nlp = self._last, pipeline.nlp
        if last is None or not self._is_applied:
            return
        self._last = None
        if nlp is None:
            return
        losses: Dict[str, float] = {}
        if any(len(eg.predicted) for eg in last.examples):
            losses = recompute_losses(nlp, pipeline.model, last.listeners, last.examples)
        shares, divisors = last.shares, last.divisors
        of_rank = {t: shares.get(t, 1.0) * v / divisors.get(t, 1.0) for t, v in losses.items()}
        self._observe(pipeline.group.add_up(of_rank))

    def get_unobserved(self) -> List[str]:
        """RETURNS (List[str]): The tasks whose losses the weighting has yet to see."""
        return sorted(self._unobserved | self._waiting)

    def set_unobserved(self, tasks: Sequence[str]) -> None:
        """Restore the tasks whose losses the weighting has yet to see.

        tasks (Sequence[str]): The result of `get_unobserved`.
        """
        self._unobserved = set(tasks)
        self._last, self._waiting = None, set()

    def get_batch(self) -> Optional[Dict[str, Any]]:
        """RETURNS (Optional[Dict[str, Any]]): The batch that the next step will look back at."""
        last = self._last
        if last is None:
            return None
        return {
            **pack_examples(last.examples),
            "tasks": list(last.listeners),
            "divisors": last.divisors,
            "shares": last.shares,
            "is_applied": self._is_applied,
        }

    def set_batch(self, state: Dict[str, Any], listeners: Listeners, vocab: Vocab) -> None:
        """Restore the batch to look back at.

        state (Dict[str, Any]): The result of `get_batch`.
        listeners (Dict[str, List[Tok2VecListener]]): The listeners of all tasks.
        vocab (Vocab): The vocabulary of the pipeline.
        """
        of_tasks = {task: listeners[task] for task in state["tasks"]}
        # Checkpoints of older versions have no shares.
        shares = dict(state.get("shares", {}))
        self._last = _Closed(
            unpack_examples(state, vocab), of_tasks, dict(state["divisors"]), shares
        )
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
    listeners (Dict[str, List[Tok2VecListener]]): The listeners of the tasks to include.
    examples (Sequence[Example]): The batch.
    RETURNS (Dict[str, float]): The loss by task, as the component computes it. Leaves out stock
        components whose loss isn't a function of scores (parser, ner, spancat).
    """
    docs = [eg.predicted for eg in examples]
    # A head that was renamed, or given an encoder of its own, is no longer a task.
    of_pipes = {task: task_of(nlp, task) for task in listeners if task in nlp.pipe_names}
    adapters = {task: adapter for task, adapter in of_pipes.items() if adapter is not None}
    upstream = upstream_listeners(model)
    # The listeners already hold the next batch.
    held = HeldCallbacks(upstream)
    try:
        for node in upstream:
            for _, encoder in find_upstream(nlp, [node]):
                outputs, _ = encoder.model(docs, is_train=True)
                node.receive(node.get_batch_id(docs), getattr(outputs, "doc_data", outputs), None)
        shared, _ = model.get_ref("tok2vec")(docs, is_train=True)
        inputs = (features_of(model, docs, shared), list(adapters))
        views, _ = model.get_ref("sharing")(inputs, is_train=True)
    finally:
        held.put_back()
    losses = {}
    for task, adapter in adapters.items():
        if adapter.loss_from_scores:
            pipe: Any = nlp.get_pipe(task)
            scores = _scores_of(pipe.model, listeners[task], views.by_task[task], docs)
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
    raise RuntimeError("Losses that are only recomputed have no backward pass.")

"""How a step closes: from one gradient a task to one gradient of the encoder."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Set

from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model, Ops

from ..arrays import cut_like
from ..types import Combined, TokenVectors
from .contract import weigh
from .parameters import EncoderParameters
from .recompute import recompute_losses
from .step import JointStep
from .units import divisors
from .upstream import SentGradients, find_upstream, upstream_listeners

if TYPE_CHECKING:
    from .component import MultiTask

#: Where gradients are weighed against each other.
LEVELS = ("representation", "parameters")


@dataclass(frozen=True)
class _Closed:
    """What is kept of a step whose losses are to be computed again."""

    examples: List[Example]
    listeners: Dict[str, Any]
    divisors: Dict[str, float]


class StepCloser:
    """Weighs the tasks' gradients, and keeps what one step leaves to the next."""

    def __init__(self) -> None:
        # Losses of stock components, which add them after they send their gradient.
        self._late_losses: Dict[str, float] = {}
        # For weightings that ask what a step has done to the losses (`recompute`): the last
        # step, the tasks of the steps since the optimizer's last, and those of an optimizer's
        # step that nobody has looked at yet.
        self._last: Optional[_Closed] = None
        self._is_applied = False
        self._waiting: Set[str] = set()
        self._unobserved: Set[str] = set()

    def close(self, component: "MultiTask", step: JointStep) -> None:
        """Weigh the tasks' gradients and run the backward pass (or passes) of a step.

        component (MultiTask): The joint component.
        step (JointStep): A step that somebody has answered.
        """
        d_views = {task: step.d_views[task] for task in step.answered}
        _bring_to_means(component, step, d_views)
        rows = step.backprop_views(d_views)
        backprop, finish, sent = step.backprop_shared, step.finish, step.sent
        rows = {task: row for task, row in rows.items() if any(d.any() for d in row)}
        added = step.added_losses()
        step.unreported = [task for task in step.answered if not added.get(task)]
        step.close()
        if not rows:
            return
        losses = {task: self._loss_of(task, step, added) for task in rows}
        self._observe(component, {t: loss for t, loss in losses.items() if t in self._unobserved})
        gradients = _stack(rows, component.model.ops)
        if component.gradients == "parameters":
            combined = _weigh_at_parameters(component, step.losses, losses, rows, backprop, sent)
        else:
            combined = weigh(component.weighting, losses, gradients)
            backprop(cut_like(combined.gradient, next(iter(rows.values()))))
        finish()
        for observe in component.loss_observers:
            observe(losses)
        if component.monitor is not None:
            component.monitor.record(losses, gradients, combined.weights)
        weighted = (combined.weights[task] * loss for task, loss in losses.items())
        step.losses[component.name] += sum(weighted)
        if _wants_losses_again(component):
            listeners = {task: step.listeners[task] for task in rows}
            self._last = _Closed(step.examples, listeners, dict(step.loss_divisors))
            self._is_applied = False
            self._waiting.update(rows)

    def note_late(self, step: JointStep) -> None:
        """Remember the losses that came after the step had closed.

        step (JointStep): A step that all have answered who will.
        """
        added = step.added_losses()
        for task in step.unreported:
            late = added.get(task, 0.0) / step.loss_divisors.get(task, 1.0)
            # Without annotation there is none: the last one that is known stays.
            if late:
                self._late_losses[task] = late

    def note_applied(self) -> None:
        """Remember that the optimizer has used the gradient of the last step (or steps)."""
        self._is_applied = True
        self._unobserved |= self._waiting
        self._waiting = set()

    def recompute(self, component: "MultiTask") -> None:
        """Tell the weighting what the last step has done to the losses, if it asks for that.

        Where they cannot be computed again, those of the next step that has the task count.

        component (MultiTask): The joint component.
        """
        last = self._last
        if last is None or not self._is_applied:
            return
        self._last = None
        if component.nlp is not None and _wants_losses_again(component):
            model, nlp = component.model, component.nlp
            losses = recompute_losses(nlp, model, last.listeners, last.examples)
            self._observe(component, {t: v / last.divisors.get(t, 1.0) for t, v in losses.items()})

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What the next step needs, but the batch itself."""
        unobserved = sorted(self._unobserved | self._waiting)
        return {"late_losses": dict(self._late_losses), "unobserved": unobserved}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave.

        state (Dict[str, Any]): The state.
        """
        self._late_losses = dict(state["late_losses"])
        self._unobserved = set(state["unobserved"])
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

    def set_batch(self, component: "MultiTask", state: Dict[str, Any]) -> None:
        """Go on with a batch that `get_batch` gave.

        component (MultiTask): The joint component.
        state (Dict[str, Any]): The batch.
        """
        vocab = component.vocab
        examples = [
            Example(Doc(vocab).from_bytes(predicted), Doc(vocab).from_bytes(gold))
            for predicted, gold in zip(state["predicted"], state["gold"])
        ]
        listeners = {task: component.listener_map[task] for task in state["tasks"]}
        self._last = _Closed(examples, listeners, dict(state["divisors"]))
        self._is_applied = state["is_applied"]

    def _observe(self, component: "MultiTask", losses: Dict[str, float]) -> None:
        if losses and _wants_losses_again(component):
            component.weighting.observe(losses)
            self._unobserved -= set(losses)

    def _loss_of(self, task: str, step: JointStep, added: Dict[str, float]) -> float:
        if task in step.unreported:
            return self._late_losses.get(task, 0.0)
        return added[task] / step.loss_divisors.get(task, 1.0)


def encoder_models(component: "MultiTask") -> Dict[str, Model]:
    """Find what is below the shared representation.

    component (MultiTask): The joint component.
    RETURNS (Dict[str, Model]): Models by component.
    RAISES (ValueError): If the encoder is another component, and that cannot be found.
    """
    name = component.name
    models = {name: component.model.get_ref("tok2vec")}
    listeners = upstream_listeners(component.model)
    if component.nlp is not None:
        models.update({n: pipe.model for n, pipe in find_upstream(component.nlp, listeners)})
    elif listeners:
        raise ValueError(
            f"'{name}' was sourced from another pipeline and cannot find its encoder, so "
            f'gradients = "parameters" has nothing to work on. Set gradients = "representation" '
            f"in [components.{name}], or initialize it with the new pipeline."
        )
    return models


def _wants_losses_again(component: "MultiTask") -> bool:
    return component.weighting.recompute


def _bring_to_means(
    component: "MultiTask", step: JointStep, d_views: Dict[str, TokenVectors]
) -> None:
    """Divide the gradients of stock tasks by their units, for who compares losses."""
    nlp = component.nlp
    if nlp is None or not component.weighting.needs_losses:
        return
    for task, d_view in d_views.items():
        of_gradient, of_loss = divisors(nlp.get_pipe(task), d_view)
        step.loss_divisors[task] = of_loss
        if of_gradient != 1.0:
            d_views[task] = [d / of_gradient for d in d_view]


def _weigh_at_parameters(
    component: "MultiTask",
    all_losses: Dict[str, float],
    losses: Dict[str, float],
    rows: Dict[str, TokenVectors],
    backprop: Callable[..., object],
    sent: Optional[SentGradients],
) -> Combined:
    """Run one backward pass a task, and weigh the gradients of the encoder's parameters."""
    before = dict(all_losses)
    last = list(rows)[-1]
    passes = [
        # Copies: a layer may work in the array that it is given.
        partial(backprop, [part.copy() for part in row], keep=task != last)
        for task, row in rows.items()
    ]
    parameters = EncoderParameters(list(encoder_models(component).values()))
    gradients = parameters.gradients(passes, component.model.ops)
    combined = weigh(component.weighting, losses, gradients)
    parameters.add(combined.gradient, gradients)
    if sent is not None:
        weights = [combined.weights[task] for task in rows]
        _count_once(all_losses, before, sent.passes, weights)
    return combined


def _stack(rows: Dict[str, TokenVectors], ops: Ops) -> Any:
    """RETURNS (Floats2d): One flat row a task. Shape: (n_tasks, n_values)."""
    flat: List[Any] = [ops.flatten(row).ravel() for row in rows.values()]
    return ops.xp.stack(flat)


def _count_once(
    losses: Dict[str, float],
    before: Dict[str, float],
    sent: Sequence[Sequence[Any]],
    weights: Sequence[float],
) -> None:
    """Correct the loss of an encoder upstream, which grows with every backward pass.

    A `transformer` or `tok2vec` adds the squares of what it is sent. It ends up with those
    of the weighted sum of all passes: what one joint pass adds, where the method adds up
    weighted gradients (not GradDrop, nor DBMTL with its average).
    """
    alone = sum(float((part**2).sum()) for parts in sent for part in parts)
    joint = sum(
        float((sum(w * part for w, part in zip(weights, parts)) ** 2).sum()) for parts in zip(*sent)
    )
    for name, value in losses.items():
        if value != before.get(name, 0.0) and alone:
            added = value - before.get(name, 0.0)
            losses[name] = before.get(name, 0.0) + added * joint / alone

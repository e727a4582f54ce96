"""TAG's look-ahead: what a step on one task's gradient does to the losses of all tasks."""

from typing import Any, Dict, Sequence

from spacy.language import Language
from spacy.training import Example
from thinc.api import Optimizer, get_array_module

from ..joint.component import MultiTask
from ..joint.task_gradients import TaskGradients
from ..parameters import Slot, slots_of_model

#: Losses by task, after a step on the gradient of another.
Ahead = Dict[str, Dict[str, float]]


def look_ahead(
    nlp: Language,
    joint: MultiTask,
    batches: Sequence[Sequence[Example]],
    found: Sequence[TaskGradients],
    weights: Dict[str, float],
    optimizer: Optimizer,
) -> Ahead:
    """Compute the losses after one step of the shared parameters for each task alone.

    A task's step is its part of the optimizer's next step, without momentum: the learning rate
    times its weighted gradient, divided (by an Adam) by the root of the second moments. Training
    isn't affected.

    nlp (Language): The pipeline.
    joint (MultiTask): Its joint component.
    batches (Sequence[Sequence[Example]]): One or more batches.
    found (Sequence[TaskGradients]): The gradients on each of them.
    weights (Dict[str, float]): The tasks' weights. Others have 1.0.
    optimizer (Optimizer): The optimizer of the training.
    RETURNS (Dict[str, Dict[str, float]]): By task that steps, the loss of each task. A task's loss
        is that on the first batch that annotates it.
    SOURCE: Fifty et al. 2021, "Efficiently Identifying Task Groupings for Multi-Task Learning",
        arXiv:2109.04617, section 3.1. Differs: their step is one of plain gradient descent,
        and see `AffinityMeter`.
    """
    sharing = joint.model.get_ref("sharing")
    of_scheme = {slot.identity for slot in slots_of_model(sharing)}
    losses: Ahead = {}
    for gradients in found:
        rows: Any = gradients.at_parameters
        row_weights = [weights.get(task, 1.0) for task in gradients.tasks]
        joint_row: Any = sum(w * row for w, row in zip(row_weights, rows))
        for task, weight, row in zip(gradients.tasks, row_weights, rows):
            if task in losses:
                continue
            params, start = {}, 0
            for slot in gradients.slots:
                part = slice(start, start + slot.size)
                scale = joint.learn_rate_scale if slot.identity in of_scheme else 1.0
                step = _step(optimizer, slot, weight * row[part], joint_row[part])
                params[slot.key] = slot.value - scale * step.reshape(slot.shape)
                start += slot.size
            with nlp.use_params(params):
                losses[task] = _losses(joint, batches)
    return losses


def _losses(joint: MultiTask, batches: Sequence[Sequence[Example]]) -> Dict[str, float]:
    found: Dict[str, float] = {}
    for batch in batches:
        found = {**joint.task_losses(batch), **found}
    return found


def _step(optimizer: Optimizer, slot: Slot, gradient: Any, joint_gradient: Any) -> Any:
    """RETURNS (Floats1d): How far the optimizer would move a parameter against its value."""
    rate = optimizer.learn_rate
    if slot.key not in optimizer.mom2:
        return rate * gradient
    xp = get_array_module(gradient)
    n_updates = optimizer.nr_update[slot.key] + 1
    decay = optimizer.b2
    # As in the step itself: values that are new in this batch don't move without bounds.
    moments = decay * xp.asarray(optimizer.mom2[slot.key]).ravel()
    moments = moments + (1 - decay) * joint_gradient**2
    unbiased = moments / (1 - decay**n_updates)
    return rate * gradient / (xp.sqrt(unbiased) + optimizer.eps)

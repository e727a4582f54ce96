"""What a weighting must provide. Users can register their own, so check before each use."""

import math
from numbers import Real
from typing import Any, Dict, NoReturn

from thinc.api import get_array_module
from thinc.types import Floats2d

from ..plain import defines
from ..settings import takes
from ..types import Combined, Weighting


def check_weighting(weighting: Any, component: str) -> None:
    """Refuse objects that can't be used as a weighting, before training begins.

    weighting (Any): The result of `as_weighting`.
    component (str): The name of the joint component.
    RAISES (ValueError): If it can't be called, or has only one of two methods that belong together.
    """
    where = f"Fix it, or choose another in [components.{component}.weighting]."
    if not isinstance(weighting, Weighting) or not takes(weighting, 2):
        raise ValueError(
            f"The weighting of the component '{component}' is {repr(weighting)[:60]}, which cannot "
            "be called with losses and gradients. Use a registered function to make one: set "
            f'@mtl_weightings = "spacy_mtl.Constant.v1" (or another) in '
            f"[components.{component}.weighting]."
        )
    if defines(weighting, "get_state") != defines(weighting, "set_state"):
        raise ValueError(
            f"{weighting.title} has only one of get_state and set_state. It needs both to "
            f"learn, or neither. {where}"
        )
    if weighting.recompute and not defines(weighting, "observe"):
        raise ValueError(
            f"{weighting.title} sets 'recompute', so losses are computed again after each "
            f"step, but it has no observe(losses) to receive them. {where}"
        )


def weigh(weighting: Weighting, losses: Dict[str, float], gradients: Floats2d) -> Combined:
    """Call a weighting, and check its result.

    weighting (Weighting): The weighting.
    losses (Dict[str, float]): The loss of each task present.
    gradients (Floats2d): One row for each of these tasks, in that order.
        Shape: (n_tasks, n_values).
    RETURNS (Combined): The combined gradient, of the same type as the rows, and a weight for
        each task present.
    RAISES (ValueError): If the result is something else, or not finite.
    """
    found: Any = weighting(losses, gradients)
    title = weighting.title
    if not hasattr(found, "gradient") or not isinstance(getattr(found, "weights", None), dict):
        _refuse(title, f"a {type(found).__name__}")
    xp = get_array_module(gradients)
    gradient = found.gradient
    if not isinstance(gradient, xp.ndarray):
        _refuse(title, f"a gradient that is a {type(gradient).__name__}")
    if gradient.shape != gradients.shape[1:]:
        _refuse(title, f"a gradient of shape {gradient.shape} for rows of {gradients.shape[1]}")
    for task in losses:
        weight = found.weights.get(task)
        if not _is_number(weight) or not math.isfinite(weight):
            _refuse(title, f"{weight!r} for the weight of the task '{task}'")
    if not xp.isfinite(gradient).all():
        _explain(title, found.weights, losses, gradients)
    weights = {task: float(found.weights[task]) for task in losses}
    return Combined(gradient.astype(gradients.dtype, copy=False), weights)


def _refuse(title: str, found: str) -> NoReturn:
    raise ValueError(
        f"The weighting {title} returned {found}. It must return "
        "spacy_mtl.types.Combined(gradient, weights): an array of the same library as "
        "'gradients' with one value for each of its columns, and a dict with a finite number "
        "for each task in 'losses'."
    )


def _explain(
    title: str, weights: Dict[str, float], losses: Dict[str, float], gradients: Any
) -> NoReturn:
    for task, row in zip(losses, gradients):
        if not get_array_module(row).isfinite(row).all():
            raise ValueError(
                f"The gradient of the task '{task}' is not finite: the training has diverged. "
                "Lower the learning rate in [training.optimizer] or the weight of the task, and "
                "look at its data."
            )
    raise ValueError(
        f"The gradients of the tasks are finite, but {title} turned them into one that is not, "
        f"with the weights {weights}. Check whether 'weights' in its config block are too large."
    )


def _is_number(value: Any) -> bool:
    # Numbers of numpy, cupy and torch have an empty shape.
    return isinstance(value, Real) or getattr(value, "shape", None) == ()

"""What a weighting must provide. Users can register their own, so check before each use."""

import math
from numbers import Real
from typing import Any, Dict, NoReturn, Sequence, Union

import numpy
from thinc.api import get_array_module, to_numpy
from thinc.types import Floats1d, Floats2d

from ..plain import defines
from ..settings import takes
from ..types import Combined, Weighting

#: Where gradients can be taken.
PLACES = REPRESENTATION, PARAMETERS = ("representation", "parameters")
# How far a combined gradient may be from the weighted sum, relative to its terms.
_ROUNDING = 1e-3


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
    if weighting.place not in PLACES:
        raise ValueError(
            f"{weighting.title} has place = {weighting.place!r}, but gradients are taken at one of "
            f"{', '.join(PLACES)}. {where}"
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


def check_products(tasks: Sequence[str], products: numpy.ndarray) -> None:
    """Refuse gradients that are not finite, by their products.

    tasks (Sequence[str]): The tasks.
    products (ndarray): The product of each gradient with each. Shape: (n_tasks, n_tasks).
    RAISES (ValueError): If there is such a value.
    """
    squares: Any = numpy.diag(products)[:, None]
    check_rows(tasks, squares)


def check_rows(tasks: Sequence[str], gradients: Floats2d) -> None:
    """Refuse gradients that are not finite.

    tasks (Sequence[str]): The tasks.
    gradients (Floats2d): One row for each. Shape: (n_tasks, n_values).
    RAISES (ValueError): If there is such a value.
    """
    xp = get_array_module(gradients)
    if not xp.isfinite(gradients).all():
        bad = xp.isfinite(gradients).all(axis=1).tolist().index(False)
        raise ValueError(
            f"The gradient of the task '{tasks[bad]}' is not finite: the training has diverged. "
            "Lower the learning rate in [training.optimizer] or the weight of the task, and "
            "look at its data."
        )


def check_sampled(weighting: Weighting, every: Union[int, str, None], component: str) -> None:
    """Refuse weightings that cannot work with gradients measured in some steps only.

    weighting (Weighting): The weighting.
    every (Union[int, str, None]): The component's setting; None if each step is measured.
    component (str): The name of the joint component.
    RAISES (ValueError): If it needs the gradients themselves in each step.
    """
    if every is not None and weighting.needs_rows:
        raise ValueError(
            f"{weighting.title} works on each value of the gradients, so it needs those of every "
            f"step, but [components.{component}] has every = {every!r}, with which it would only "
            f"get rows with the same products. Set every = null in [components.{component}], or "
            f"choose another method in [components.{component}.weighting]."
        )


def check_weighted_sum(
    title: str, gradient: Floats1d, weights: numpy.ndarray, rows: Floats2d
) -> None:
    """Refuse a combined gradient that is not the weighted sum of the rows.

    title (str): The name of the weighting.
    gradient (Floats1d): What it made of the rows. Shape: (n_values,).
    weights (ndarray): The weights that it reports. Shape: (n_tasks,).
    rows (Floats2d): The rows that it got. Shape: (n_tasks, n_values).
    RAISES (ValueError): If they differ by more than rounding.
    """
    found, seen = to_numpy(gradient).astype("float64"), to_numpy(rows).astype("float64")
    factors = weights[:, None]
    allowed = _ROUNDING * float(numpy.abs(factors * seen).sum()) + numpy.finfo("float32").tiny
    if numpy.abs(found - (factors * seen).sum(axis=0)).max(initial=0.0) > allowed:
        raise ValueError(
            f"The combined gradient of {title} is not the sum of the gradients times the weights "
            "that it returned. With 'every' of the component 'mtl', or on several ranks, only its "
            "weights act on the gradients. Return weights that fit the gradient, set every = null, "
            "or needs_rows = True in the class of the weighting."
        )


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
    check_rows(list(losses), gradients)
    raise ValueError(
        f"The gradients of the tasks are finite, but {title} turned them into one that is not, "
        f"with the weights {weights}. Check whether 'weights' in its config block are too large."
    )


def _is_number(value: Any) -> bool:
    # Numbers of numpy, cupy and torch have an empty shape.
    return isinstance(value, Real) or getattr(value, "shape", None) == ()

"""What all weightings of this package have in common."""

import math
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Dict, List, Sequence, Tuple

import numpy
from thinc.api import get_array_module, xp2torch
from thinc.types import Floats1d, Floats2d

from ..types import Combined, Weighting
from .preferences import Preferences, check_step
from .scaling import combine, peaks

BLOCK = "the block [weighting] of the 'mtl' component (usually [components.mtl.weighting])"


@dataclass(frozen=True)
class Rows:
    """The tasks that a step is about: with a weight above 0 and a gradient that is not 0.

    tasks (List[str]): Their names.
    losses (ndarray): Their losses. Shape: (n_tasks,).
    preferences (ndarray): Their configured weights, > 0. Shape: (n_tasks,).
    gradients (Floats2d): Their gradients, in single precision or better.
        Shape: (n_tasks, n_values).
    """

    tasks: List[str]
    losses: numpy.ndarray
    preferences: numpy.ndarray
    gradients: Floats2d

    @property
    def device(self) -> Any:
        """RETURNS (Union[torch.device, str]): Where the gradients are, as the encoder is."""
        device = xp2torch(self.gradients[:1, :1]).device
        # Apple's have no double precision, and thinc's arrays are on the CPU there.
        return "cpu" if device.type == "mps" else device


class TaskWeighting(Weighting):
    """A published method, made fit for tasks that come and go.

    A method says in `weigh` (or `combine`) what becomes of the rows. Around it: a task
    without gradient or with weight 0 is no row; one task alone gives its own gradient
    times its weight; the weights are brought to one scale. State is keyed by task, and
    that of a task that is no row stays as it was.
    """

    #: Whether it looks at losses: those of stock components are brought to a mean then.
    needs_losses = False
    #: Whether it works with gradients at the encoder's parameters only.
    needs_parameters = False
    #: Whether it has something to learn from a task alone.
    weighs_one = False
    #: Distributions that it solves with, beside torchjd.
    solvers: Tuple[str, ...] = ()
    #: Distributions that it always needs.
    libraries: Tuple[str, ...] = ("torchjd",)

    def __init__(self, weights: Dict[str, Any] = {}, normalize: bool = True) -> None:
        """Initialise what is common.

        weights (Dict[str, Union[float, Iterable[float]]]): A preference by task, >= 0 or a
            schedule. 1.0 where a task is not named; 0 counts as absent.
        normalize (bool): Whether the sizes of the weights sum to those of the
            preferences: by default, to the number of tasks present. If not, they are on
            the method's own scale.
        """
        self.weights = Preferences(weights)
        self.normalize = normalize
        self._step = 0

    def __call__(self, losses: Dict[str, float], gradients: Floats2d) -> Combined:
        """Combine the gradients of the tasks that are present: see `Weighting`."""
        preferences = self.weights.at(self._step, losses)
        sizes = peaks(gradients) if gradients.size else [0.0] * len(losses)
        self._check_finite(losses, sizes)
        kept = [i for i, task in enumerate(losses) if sizes[i] > 0 and preferences[task] > 0]
        weights = dict.fromkeys(losses, 0.0)
        # A task that a schedule fades in has to get there.
        self._step += any(sizes)
        if not kept:
            xp = get_array_module(gradients)
            zeros: Any = xp.zeros(gradients.shape[1], dtype=gradients.dtype)
            return Combined(gradient=zeros, weights=weights)
        tasks = [list(losses)[i] for i in kept]
        rows = Rows(
            tasks,
            numpy.asarray([losses[task] for task in tasks], dtype="float64"),
            numpy.asarray([preferences[task] for task in tasks]),
            _precise(gradients if len(kept) == len(losses) else gradients[kept]),
        )
        combined: Any
        combined, found = self._combine_any(rows)
        if not numpy.isfinite(found).all():
            raise ValueError(
                f"{self.title} found no finite weights for the gradients of {', '.join(tasks)}, "
                f"whose largest values are {[sizes[i] for i in kept]}. Very large or small "
                f"settings do that: mend 'weights' and the numbers of {BLOCK}, or take another "
                "method there."
            )
        weights.update(zip(tasks, found.tolist()))
        return Combined(combined.astype(gradients.dtype, copy=False), weights)

    # What differs from method to method.

    def weigh(self, rows: Rows) -> numpy.ndarray:
        """Find the effective weights.

        rows (Rows): The tasks, two or more (one, if `weighs_one`).
        RETURNS (ndarray): Double precision, preferences counted in. Shape: (n_tasks,).
        """
        raise NotImplementedError

    def combine(self, rows: Rows) -> Tuple[Floats1d, numpy.ndarray]:
        """Find the combined gradient, for methods that do more than add up weighted rows.

        rows (Rows): The tasks: see `weigh`.
        RETURNS (Tuple[Floats1d, ndarray]): The gradient and the effective weights.
            Shapes: (n_values,) and (n_tasks,).
        """
        weights = self.weigh(rows) * 1.0
        weights *= self.scale(weights, rows.preferences)
        return combine(weights, rows.gradients), weights

    def note_one(self, rows: Rows) -> None:
        """Take note of a task that is alone, in methods that do not weigh one.

        rows (Rows): The task.
        """

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What was learned, of numbers, strings and arrays."""
        return {"step": self._step}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave.

        state (Dict[str, Any]): The state.
        """
        self._step = check_step(state["step"])

    # What does not.

    @property
    def title(self) -> str:
        """RETURNS (str): The name of the method, for messages."""
        return type(self).__name__

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Refuse settings that do not fit the pipeline: see `Weighting`.

        RAISES (ValueError): If a weight names an unknown task, or there is no task.
        """
        self.weights.check_tasks(tasks)
        if not tasks:
            raise ValueError(
                f"{self.title} has no task to weigh: no head listens to the 'mtl' component. Add "
                "one after it, with a spacy_mtl.TaskListener.v1 whose upstream is its name."
            )
        if len(tasks) == 1:
            warnings.warn(
                f"{self.title} weighs tasks against each other and needs two or more, but this "
                f"pipeline has one, '{tasks[0]}'. It is trained with its own gradient, times its "
                f"weight. spacy_mtl.Constant.v1 in {BLOCK} says the same."
            )

    def check_training(self, gradients: str) -> None:
        """Refuse to begin a training that could not go on.

        gradients (str): Where gradients are taken: "representation" or "parameters".
        RAISES (ValueError): If the method works elsewhere only.
        RAISES (ImportError): If a library is missing.
        """
        if self.needs_parameters and gradients != "parameters":
            raise ValueError(
                f"{self.title} keeps a number for each value of a gradient, and at the shared "
                'representation there are others in every batch. Set gradients = "parameters" '
                "in the block of the 'mtl' component (usually [components.mtl])."
            )
        for names, package in ((self.libraries, "torchjd"), (self.solvers, "spacy-mtl[solvers]")):
            missing = [name for name in names if find_spec(name) is None]
            if missing:
                raise ImportError(
                    f"{self.title} needs {', '.join(missing)} for training. Install it: "
                    f'pip install "{package}". (A trained pipeline needs it no more.)'
                )

    def scale(self, weights: numpy.ndarray, preferences: numpy.ndarray) -> float:
        """Find the factor that brings weights to the scale that is wanted: see `normalize`.

        weights (ndarray): Effective weights of some tasks. Shape: (n_tasks,).
        preferences (ndarray): Their configured weights. Shape: (n_tasks,).
        RETURNS (float): The factor.
        """
        total = float(numpy.abs(weights).sum())
        if not self.normalize or total == 0:
            return 1.0
        return float(preferences.sum()) / total

    def _combine_any(self, rows: Rows) -> Tuple[Floats1d, numpy.ndarray]:
        if len(rows.tasks) == 1 and not self.weighs_one:
            self.note_one(rows)
            return combine(rows.preferences, rows.gradients), rows.preferences
        return self.combine(rows)

    def _check_finite(self, losses: Dict[str, float], sizes: Sequence[float]) -> None:
        for (task, loss), size in zip(losses.items(), sizes):
            for what, value in (("gradient", size), ("loss", loss if self.needs_losses else 0.0)):
                if not math.isfinite(value):
                    raise ValueError(
                        f"The {what} of the task '{task}' is not finite ({value}), so {self.title} "
                        "cannot weigh it: the training has diverged. Lower the learning rate in "
                        "[training.optimizer] or the weight of the task, and look at its data."
                    )


def check_positive(method: str, **settings: Any) -> None:
    """Refuse settings that are not above 0.

    method (str): The name of the method.
    **settings (float): The settings.
    RAISES (ValueError): If one is missing or not a finite number above 0.
    """
    _check_sign(method, settings, ">")


def check_not_negative(method: str, **settings: Any) -> None:
    """Refuse settings that are below 0.

    method (str): The name of the method.
    **settings (float): The settings.
    RAISES (ValueError): If one is not a finite number >= 0.
    """
    _check_sign(method, settings, ">=")


def check_size(method: str, task: str, found: int, expected: int) -> bool:
    """Warn where what is kept of a task does not fit its gradient.

    method (str): The name of the method.
    task (str): The task.
    found (int): How many values are kept.
    expected (int): How many the gradient has.
    RETURNS (bool): Whether it fits.
    """
    if found != expected:
        warnings.warn(
            f"The encoder has other parameters now ({expected} that are trained, not {found}), so "
            f"{method} begins anew with the task '{task}'."
        )
    return found == expected


def _check_sign(method: str, settings: Dict[str, Any], sign: str) -> None:
    for name, value in settings.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        # No number, nan, infinity, and below 0; and 0, if that is not meant.
        if not is_number or not 0 <= value < math.inf or (value == 0 and sign == ">"):
            raise ValueError(
                f"'{name}' of {method} is {value!r}, but it must be a number {sign} 0. Mend it in "
                f"{BLOCK}."
            )


def _precise(gradients: Any) -> Any:
    return gradients.astype("float32") if gradients.dtype.itemsize < 4 else gradients

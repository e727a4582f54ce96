"""Adapts published methods to tasks that come and go."""

from typing import Any, Dict, Sequence, Tuple

import numpy
from thinc.api import get_array_module
from thinc.types import Floats1d, Floats2d

from ..scaling import combine, peaks
from ..types import Combined, Weighting
from .checks import check_at_parameters, check_finite, check_installed, check_number_of_tasks
from .preferences import Preferences, check_step
from .ranges import BLOCK
from .rows import Rows, precise


class TaskWeighting(Weighting):
    """A published method, adapted to tasks that come and go.

    Methods implement `weigh` (or `combine`). This class does the rest: tasks without gradient
    or with weight 0 are left out; a single task gives its own gradient times its weight; the
    weights are brought to the same scale. State is kept by task, and that of tasks left out
    does not change.
    """

    #: Whether it uses losses: those of stock components are then turned into means.
    needs_losses = False
    #: Why it only works with gradients at the encoder's parameters. "" if it works anywhere.
    needs_parameters = ""
    #: Whether it also weighs a single task, to learn from it.
    weighs_one = False
    #: The solvers that it needs beside torchjd.
    solvers: Tuple[str, ...] = ()
    #: The libraries that it always needs.
    libraries: Tuple[str, ...] = ("torchjd",)

    def __init__(self, *, weights: Dict[str, Any] = {}, normalize: bool = True) -> None:
        """Initialize the common settings.

        weights (Dict[str, Union[float, Iterable[float]]]): The preference of each task, >= 0
            or a schedule. Other tasks have 1.0; 0 counts as absent.
        normalize (bool): Whether the absolute weights sum to the preferences: by default, to
            the number of tasks present. If not, they are on the method's own scale.
        """
        self.weights = Preferences(weights)
        self.normalize = normalize
        self._step = 0

    def __call__(self, losses: Dict[str, float], gradients: Floats2d) -> Combined:
        """Combine the gradients of the tasks present: see `Weighting`."""
        preferences = self.weights.at(self._step, losses)
        sizes = peaks(gradients) if gradients.size else [0.0] * len(losses)
        check_finite(self.title, dict(zip(losses, sizes)), losses if self.needs_losses else None)
        kept = [i for i, task in enumerate(losses) if sizes[i] > 0 and preferences[task] > 0]
        weights = dict.fromkeys(losses, 0.0)
        # Also without any task left: schedules that start at 0 must go on.
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
            precise(gradients if len(kept) == len(losses) else gradients[kept]),
        )
        combined: Any
        combined, found = self._combine_any(rows)
        if not numpy.isfinite(found).all():
            raise ValueError(
                f"{self.title} found no finite weights for the gradients of {', '.join(tasks)}, "
                f"whose largest values are {[sizes[i] for i in kept]}. Very large or small "
                f"settings can cause this: change 'weights' and the numbers in {BLOCK}, or use "
                "another method."
            )
        weights.update(zip(tasks, found.tolist()))
        return Combined(combined.astype(gradients.dtype, copy=False), weights)

    # Implemented by methods.

    def weigh(self, rows: Rows) -> numpy.ndarray:
        """Compute the effective weights.

        rows (Rows): The tasks, two or more (or one, if `weighs_one`).
        RETURNS (ndarray): In double precision, including preferences. Shape: (n_tasks,).
        """
        raise NotImplementedError

    def combine(self, rows: Rows) -> Tuple[Floats1d, numpy.ndarray]:
        """Compute the combined gradient, for methods that do more than weigh rows.

        rows (Rows): The tasks: see `weigh`.
        RETURNS (Tuple[Floats1d, ndarray]): The gradient and the effective weights.
            Shapes: (n_values,) and (n_tasks,).
        """
        weights = self.weigh(rows) * 1.0
        weights *= self.scale(weights, rows.preferences)
        return combine(weights, rows.gradients), weights

    def note_one(self, rows: Rows) -> None:
        """Learn from a single task, in methods that do not weigh one.

        rows (Rows): The task.
        """

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What was learned, as numbers, strings and arrays."""
        return {"step": self._step}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state that `get_state` returned.

        state (Dict[str, Any]): The state.
        """
        self._step = check_step(state["step"])

    # Common to all methods.

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Reject settings that do not fit the pipeline: see `Weighting`.

        RAISES (ValueError): If a weight names an unknown task, or there is no task.
        """
        self.weights.check_tasks(tasks)
        check_number_of_tasks(self.title, tasks)

    def check_training(self, gradients: str) -> None:
        """Reject trainings that cannot work: see `Weighting`.

        RAISES (ValueError): If the method does not work at this level.
        RAISES (ImportError): If a library is missing.
        """
        if self.needs_parameters:
            check_at_parameters(self.title, gradients, self.needs_parameters)
        check_installed(self.title, self.libraries, "torchjd")
        check_installed(self.title, self.solvers, "spacy-mtl[solvers]")

    def scale(self, weights: numpy.ndarray, preferences: numpy.ndarray) -> float:
        """Compute the factor that brings weights to the wanted scale: see `normalize`.

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

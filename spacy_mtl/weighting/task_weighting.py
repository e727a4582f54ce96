"""A published method, made fit for tasks that come and go."""

from typing import Any, Dict, Sequence, Tuple

import numpy
from thinc.api import get_array_module
from thinc.types import Floats1d, Floats2d

from ..types import Combined, Weighting
from .checks import check_at_parameters, check_finite, check_installed, check_number_of_tasks
from .preferences import Preferences, check_step
from .ranges import BLOCK
from .rows import Rows, precise
from .scaling import combine, peaks


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

    def __init__(self, *, weights: Dict[str, Any] = {}, normalize: bool = True) -> None:
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
        check_finite(self.title, dict(zip(losses, sizes)), losses if self.needs_losses else None)
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
            precise(gradients if len(kept) == len(losses) else gradients[kept]),
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

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Refuse settings that do not fit the pipeline: see `Weighting`.

        RAISES (ValueError): If a weight names an unknown task, or there is no task.
        """
        self.weights.check_tasks(tasks)
        check_number_of_tasks(self.title, tasks)

    def check_training(self, gradients: str) -> None:
        """Refuse to begin a training that could not go on: see `Weighting`.

        RAISES (ValueError): If the method works elsewhere only.
        RAISES (ImportError): If a library is missing.
        """
        if self.needs_parameters:
            check_at_parameters(self.title, gradients)
        check_installed(self.title, self.libraries, "torchjd")
        check_installed(self.title, self.solvers, "spacy-mtl[solvers]")

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

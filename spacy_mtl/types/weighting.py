"""Losses, their gradients, and what combines them: the base class of weightings."""

from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence

from thinc.types import Floats1d, Floats2d, FloatsXd


@dataclass(frozen=True)
class LossAndGradient:
    """The value of a loss and its exact gradient.

    value (float): Mean over the annotated units; 0.0 if there are none.
    gradient (FloatsXd): The gradient with respect to the scores, in the shape of the scores.
    n_units (int): The number of annotated units.
    """

    value: float
    gradient: FloatsXd
    n_units: int


@dataclass(frozen=True)
class Combined:
    """The result of a weighting.

    gradient (Floats1d): The combined gradient. Shape: (n_values,).
    weights (Dict[str, float]): The effective weight of each task present.
    """

    gradient: Floats1d
    weights: Dict[str, float]


class Weighting:
    """Decides how much each task moves the shared parameters.

    The base class of all weightings. Only `__call__` must be implemented; the other methods do
    nothing by default. A plain function, or an object with some of these methods, works as
    well: it is wrapped when it comes out of the registry.
    """

    #: Whether it uses the losses. If not, those of stock components (and their gradients) are
    #: left as they are.
    needs_losses: bool = True
    #: Whether `observe` gets the losses of the last batch again, after the optimizer's step.
    recompute: bool = False
    #: Whether it works on each value of the gradients. If not, their products are enough, and it
    #: may get other rows with the same products (see 'every' of the joint component).
    needs_rows: bool = False
    #: Where gradients are taken if 'gradients' of the joint component is null: at the shared
    #: "representation", or at the encoder's "parameters" (with every = "auto").
    place: str = "representation"

    def __call__(self, losses: Dict[str, float], gradients: Floats2d) -> Combined:
        """Combine the gradients of the tasks present in a step.

        losses (Dict[str, float]): The loss of each task present, in pipeline
            order. Mean per annotated unit.
        gradients (Floats2d): The gradient of each task's loss at the shared
            representation, rows in the order of `losses`.
            Shape: (n_tasks, n_values).
        RETURNS (Combined): The combined gradient and the weights.
        """
        raise NotImplementedError

    @property
    def title(self) -> str:
        """RETURNS (str): The name of the method, for messages and saved states."""
        return type(self).__name__

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Reject settings that don't fit the pipeline. Called on initialization and on changes.

        tasks (Sequence[str]): The tasks of the pipeline.
        RAISES (ValueError): If a setting names an unknown task.
        """

    def check_training(self, gradients: str) -> None:
        """Reject trainings that cannot work. Called whenever `check_tasks` is.

        gradients (str): Where gradients are taken: "representation" or "parameters".
        RAISES (Exception): If the weighting cannot work there.
        """

    def observe(self, losses: Dict[str, float]) -> None:
        """Receive the losses of the last batch again, if `recompute` is true.

        losses (Dict[str, float]): The losses after the optimizer's step, by task.
        """

    def get_state(self) -> Optional[Dict[str, Any]]:
        """Return what was learned, to be saved with the pipeline.

        RETURNS (Optional[Dict[str, Any]]): Numbers, strings, lists, dicts and numpy arrays.
            None if nothing is learned.
        """
        return None

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state that `get_state` returned.

        state (Dict[str, Any]): The state.
        """

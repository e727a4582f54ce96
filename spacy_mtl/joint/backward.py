"""What a forward pass leaves for the way back, and the rows that are made of it."""

from dataclasses import dataclass, replace
from typing import Any, Callable, List, Mapping, Sequence

from thinc.api import Ops
from thinc.types import Floats2d

from ..parameters import Slot
from ..types import Features, TokenVectors, Views


def _no_view(task: str) -> TokenVectors:
    return []


@dataclass(frozen=True)
class Backward:
    """The backward passes of a batch: through the scheme, and through the encoder.

    views (Callable): Turns the gradient of one task's view, or of the auxiliary losses, into
        the gradient of the features. Called several times.
    trunk (Callable): Sends the gradient of the features through the encoder. Set `keep=True`
        if another pass follows.
    shared (Sequence[Slot]): The scheme's parameters that several tasks use.
    private (Sequence[Slot]): The scheme's parameters that belong to a single task.
    strengths (Mapping[str, float]): The weight of each auxiliary loss.
    ops (Ops): Allocates arrays.
    features (Sequence[FloatsXd]): The features, one array per document. Needed with several ranks.
    view_like (Callable[[str], List[Floats2d]]): Makes zeros like a task's view. Likewise.
    """

    views: Callable[[Views], Features]
    trunk: Callable[..., object]
    shared: Sequence[Slot]
    private: Sequence[Slot]
    strengths: Mapping[str, float]
    ops: Ops
    features: Sequence[Any] = ()
    view_like: Callable[[str], TokenVectors] = _no_view

    def scaled(self, share: float) -> "Backward":
        """RETURNS (Backward): The same, with auxiliary losses that count less."""
        if share == 1.0 or not self.strengths:
            return self
        return replace(self, strengths={name: s * share for name, s in self.strengths.items()})


@dataclass(frozen=True)
class Rows:
    """One row for each task that has a gradient.

    tasks (List[str]): The names of these tasks, in pipeline order.
    values (Floats2d): The rows that the weighting sees. Shape: (n_tasks, n_values).
    at_features (Floats2d): The tasks' gradients at the shared representation.
        Shape: (n_tasks, n_features).
    """

    tasks: List[str]
    values: Floats2d
    at_features: Floats2d

"""Gradient methods that project onto directions that hurt no task."""

from typing import Any, Dict

from .by_gramian import GramianWeighting
from .ranges import check_positive


class ProjectionWeighting(GramianWeighting):
    """A gradient method that solves quadratic programs. `weights` are its preferences.

    reg_eps (float): Added to the Gramian's diagonal, relative to its trace, > 0. Tasks with a
        squared gradient of about this size may be hurt (with torchjd's 0.0001: tasks with a
        gradient a hundredth as long as the longest). Less is more exact, down to about 1e-12.
    weights (Dict[str, Union[float, Iterable[float]]]): The preference vector.
    normalize (bool): See `TaskWeighting`.
    """

    has_preferences = True
    solvers = ("qpsolvers", "quadprog")

    def __init__(
        self, *, reg_eps: float = 0.0001, weights: Dict[str, Any] = {}, normalize: bool = True
    ) -> None:
        check_positive(self.title, reg_eps=reg_eps)
        super().__init__(weights=weights, normalize=normalize)
        self.reg_eps = reg_eps

    def projector(self) -> Any:
        """RETURNS (Projector): torchjd's projector."""
        from torchjd.linalg import QuadprogProjector

        return QuadprogProjector(reg_eps=self.reg_eps)

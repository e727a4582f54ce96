"""Gradient methods that project on what hurts no task."""

from typing import Any, Dict

from .by_gramian import GramianWeighting
from .ranges import check_positive


class ProjectionWeighting(GramianWeighting):
    """A gradient method that solves quadratic programs. `weights` are its preferences.

    reg_eps (float): Added to the Gramian's diagonal, relative to its trace, > 0. A task whose
        squared gradient is not much longer than that (with torchjd's 0.0001: whose gradient
        is a hundredth of the longest) may be hurt; less is more exact, down to about 1e-12.
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
        """RETURNS (Projector): torchjd's."""
        from torchjd.linalg import QuadprogProjector

        return QuadprogProjector(reg_eps=self.reg_eps)

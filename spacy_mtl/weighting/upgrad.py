"""UPGrad: each gradient, moved until it hurts no task."""

import numpy

from ..registry import register
from .by_projection import ProjectionWeighting
from .formulas import solve_by
from .rows import Rows


@register("mtl_weightings", "spacy_mtl.UPGrad.v1")
class UPGrad(ProjectionWeighting):
    """Unconflicting projection: each gradient, moved until it hurts no task.

    reg_eps (float): See `ProjectionWeighting`.
    weights (Dict[str, Union[float, Iterable[float]]]): The preference vector.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Quinton and Rey 2024, Eq. 6, arXiv:2406.16232.
    """

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute the weights: see `GramianWeighting`."""
        import torch
        from torchjd.aggregation import UPGradWeighting

        preferences = torch.from_numpy(rows.preferences)
        return solve_by(UPGradWeighting(preferences, self.projector()), gram)

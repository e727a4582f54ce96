"""DualProj: the sum of the gradients, moved until it hurts no task."""

import numpy

from ..registry import register
from .by_projection import ProjectionWeighting
from .formulas import solve_by
from .rows import Rows


@register("mtl_weightings", "spacy_mtl.DualProj.v1")
class DualProj(ProjectionWeighting):
    """Dual projection: the sum of the gradients, moved until it hurts no task.

    reg_eps (float): See `ProjectionWeighting`.
    weights (Dict[str, Union[float, Iterable[float]]]): The preference vector.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Lopez-Paz and Ranzato 2017, Eq. 11, arXiv:1706.08840.
    """

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute the weights: see `GramianWeighting`."""
        import torch
        from torchjd.aggregation import DualProjWeighting

        preferences = torch.from_numpy(rows.preferences)
        return solve_by(DualProjWeighting(preferences, self.projector()), gram)

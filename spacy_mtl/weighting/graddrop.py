"""GradDrop: each value of the gradient keeps the tasks of one sign."""

from typing import Any, Dict, Tuple

import numpy
from thinc.api import get_array_module, torch2xp, xp2torch
from thinc.types import Floats1d

from ..registry import mtl_weightings
from ..types import Weighting
from .base import Rows, TaskWeighting


@mtl_weightings("spacy_mtl.GradDrop.v1")
def create_graddrop(weights: Dict[str, Any] = {}, normalize: bool = True) -> Weighting:
    """Create gradient sign dropout: each value keeps the tasks of one sign, drawn by size.

    The signs are drawn from torch's global generator. The effective weight of a task is the
    share of its squared gradient that is kept.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Chen et al. 2020, Algorithm 1, lines 10 to 15, arXiv:2010.06808.
    """
    return GradDrop(weights, normalize)


class GradDrop(TaskWeighting):
    """Gradient sign dropout: see `create_graddrop`."""

    def combine(self, rows: Rows) -> Tuple[Floats1d, numpy.ndarray]:
        """Drop signs: see `TaskWeighting`."""
        from torchjd.aggregation import GradDrop as Aggregator

        xp = get_array_module(rows.gradients)
        # In double precision: the numbers that are drawn do not depend on that of the rows.
        scaled = rows.gradients * xp.asarray(rows.preferences).reshape((-1, 1))
        combined: Any = torch2xp(Aggregator()(xp2torch(scaled, device=rows.device)))
        signs = xp.sign(combined)
        kept = [_share(row, xp.sign(row) == signs) for row in scaled]
        weights = numpy.asarray(kept) * rows.preferences
        factor = self.scale(weights, rows.preferences)
        return combined * factor, weights * factor


def _share(row: Any, is_kept: Any) -> float:
    # Scaled, so that squares of small values do not vanish.
    squares = (row / abs(row).max()) ** 2
    return float(squares[is_kept].sum() / squares.sum())

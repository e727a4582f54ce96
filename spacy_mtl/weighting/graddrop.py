"""GradDrop: each gradient value keeps the tasks of one sign."""

from typing import Any, Tuple

import numpy
from thinc.api import get_array_module, torch2xp
from thinc.types import Floats1d

from ..registry import register
from .rows import Rows
from .task_weighting import TaskWeighting


@register("mtl_weightings", "spacy_mtl.GradDrop.v1")
class GradDrop(TaskWeighting):
    """Gradient sign dropout: each value keeps the tasks of one sign, drawn by size.

    The signs are drawn from torch's global generator. The effective weight of a task is the
    share of its squared gradient that it keeps.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Chen et al. 2020, Algorithm 1, lines 10 to 15, arXiv:2010.06808.
    """

    needs_rows = True
    libraries = ()

    def combine(self, rows: Rows) -> Tuple[Floats1d, numpy.ndarray]:
        """Drop signs: see `TaskWeighting`.

        Reimplemented, because torchjd's version took 7 % of a training step: the positive
        values of a column add up to (sum + sum of absolute values) / 2, so a few passes do.
        """
        import torch

        xp = get_array_module(rows.gradients)
        preferences = xp.asarray(rows.preferences, dtype=rows.gradients.dtype)
        scaled: Any = rows.gradients * preferences.reshape((-1, 1))
        total, size = scaled.sum(axis=0), abs(scaled).sum(axis=0)
        # In double precision, so that the draw does not depend on the precision of the rows.
        drawn: Any = torch2xp(torch.rand(len(total), dtype=torch.float64, device=rows.device))
        # The formula is total / size > 2 * drawn - 1; this avoids the division.
        is_positive = total > (2 * drawn - 1) * size
        combined = xp.where(is_positive, total + size, total - size) / 2
        kept = [_share(row, (row > 0) == is_positive) for row in scaled]
        weights = numpy.asarray(kept) * rows.preferences
        factor = self.scale(weights, rows.preferences)
        return combined * factor, weights * factor


def _share(row: Any, is_kept: Any) -> float:
    # Scaled, so that squares of small values do not underflow.
    units = row / abs(row).max()
    of_kept = units * is_kept
    return float((of_kept @ of_kept) / (units @ units))

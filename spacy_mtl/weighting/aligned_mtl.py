"""Aligned-MTL: principal components of equal size."""

from typing import Any, Dict

import numpy

from ..registry import register
from .by_gramian import GramianWeighting
from .formulas import solve_by
from .ranges import check_choice
from .rows import Rows


@register("mtl_weightings", "spacy_mtl.AlignedMTL.v1")
class AlignedMTL(GramianWeighting):
    """Independent component alignment: principal components of equal size.

    Weights can be negative.

    scale_mode (str): The common size: the smallest ("min"), the median ("median") or the mean
        ("rmse").
    weights (Dict[str, Union[float, Iterable[float]]]): The preference vector.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Senushkin et al. 2023, Algorithm 1, arXiv:2305.19000.
    """

    has_preferences = True

    def __init__(
        self, *, scale_mode: str = "min", weights: Dict[str, Any] = {}, normalize: bool = True
    ) -> None:
        check_choice("AlignedMTL", ("min", "median", "rmse"), scale_mode=scale_mode)
        super().__init__(weights=weights, normalize=normalize)
        self.scale_mode: Any = scale_mode

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute the weights: see `GramianWeighting`."""
        import torch
        from torchjd.aggregation import AlignedMTLWeighting

        preferences = torch.from_numpy(rows.preferences)
        return solve_by(AlignedMTLWeighting(preferences, scale_mode=self.scale_mode), gram)

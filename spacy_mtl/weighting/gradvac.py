"""Gradient vaccine: cosines between gradients stay above their average."""

from typing import Any, Dict, Tuple

import numpy

from ..compat.torchjd import get_cosines, set_cosines
from ..registry import register
from .by_gramian import GramianWeighting
from .formulas import solve_by
from .ranges import check_between
from .rows import Rows


@register("mtl_weightings", "spacy_mtl.GradVac.v1")
class GradVac(GramianWeighting):
    """Gradient vaccine: keep cosines between gradients from falling below their average.

    The order of the other tasks is drawn from torch's global generator.

    beta (float): How fast the average cosine of two tasks changes, in [0, 1]. The paper
        has 0.01, torchjd and LibMTL 0.5.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients.
    normalize (bool): See `TaskWeighting`. The published weights are 1 if no cosine is low.
    SOURCE: Wang et al. 2021, Algorithm 1, arXiv:2010.05874.
    """

    def __init__(
        self, *, beta: float = 0.5, weights: Dict[str, Any] = {}, normalize: bool = True
    ) -> None:
        check_between("GradVac", 0, 1, beta=beta)
        super().__init__(weights=weights, normalize=normalize)
        self.beta = beta
        self._cosines: Dict[Tuple[str, str], float] = {}

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute the weights: see `GramianWeighting`."""
        from torchjd.aggregation import GradVacWeighting

        # Its epsilon is added to products of norms, which may be small.
        weighting: Any = GradVacWeighting(self.beta, eps=1e-8 * float(gram.diagonal().min()))
        cosines = [[self._cosines.get((a, b), 0.0) for b in rows.tasks] for a in rows.tasks]
        set_cosines(weighting, numpy.asarray(cosines, dtype="float64"))
        weights = solve_by(weighting, gram)
        for a, averages in zip(rows.tasks, get_cosines(weighting).tolist()):
            self._cosines.update({(a, b): value for b, value in zip(rows.tasks, averages)})
        return weights

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The average cosines."""
        cosines = [[*pair, value] for pair, value in self._cosines.items()]
        return {**super().get_state(), "cosines": cosines}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state: see `TaskWeighting`."""
        super().set_state(state)
        self._cosines = {(a, b): value for a, b, value in state["cosines"]}

"""Gradient methods without memory, whose weights torchjd finds from the Gramian."""

from typing import Any, Dict

import numpy

from ..registry import register
from ..types import Weighting
from .base import BLOCK, Rows, check_not_negative, check_positive
from .by_gramian import GramianWeighting, solve_by
from .scaling import root, split


@register("mtl_weightings", "spacy_mtl.PCGrad.v1")
def create_pcgrad(weights: Dict[str, Any] = {}, normalize: bool = True) -> Weighting:
    """Create gradient surgery: each gradient loses what points against another.

    The order of the others is drawn from torch's global generator.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients.
    normalize (bool): See `TaskWeighting`. The published weights are 1 without conflict.
    SOURCE: Yu et al. 2020, Algorithm 1, arXiv:2001.06782.
    """
    return PCGrad(weights, normalize)


@register("mtl_weightings", "spacy_mtl.MGDA.v1")
def create_mgda(
    epsilon: float = 0.001,
    max_iters: int = 100,
    weights: Dict[str, Any] = {},
    normalize: bool = True,
) -> Weighting:
    """Create multiple gradient descent: the shortest convex combination of the gradients.

    epsilon (float): The step of the solver below which it stops, > 0.
    max_iters (int): Its steps at most, > 0.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients. They have
        the opposite effect: the shorter a gradient, the more weight it gets.
    normalize (bool): See `TaskWeighting`. The published weights sum to 1.
    SOURCE: Désidéri 2012; Sener and Koltun 2018, Algorithm 2, arXiv:1810.04650.
    """
    check_positive("MGDA", epsilon=epsilon, max_iters=max_iters)
    return MGDA({"epsilon": epsilon, "max_iters": max_iters}, weights, normalize)


@register("mtl_weightings", "spacy_mtl.CAGrad.v1")
def create_cagrad(
    c: float = 0.5, weights: Dict[str, Any] = {}, normalize: bool = True
) -> Weighting:
    """Create conflict-averse descent: near the mean, best for the task that gains least.

    c (float): How far from the mean, relative to its length, >= 0. 0 is the mean.
    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Liu et al. 2021, Algorithm 1, arXiv:2110.14048.
    """
    check_not_negative("CAGrad", c=c)
    return CAGrad({"c": c, "norm_eps": 1e-8}, weights, normalize)


@register("mtl_weightings", "spacy_mtl.IMTLG.v1")
def create_imtlg(weights: Dict[str, Any] = {}, normalize: bool = True) -> Weighting:
    """Create impartial gradient balance (IMTL-G): equal projections on all gradients.

    Weights can be below 0.

    weights (Dict[str, Union[float, Iterable[float]]]): Factors of the gradients. They cancel:
        no effect on the direction, but that of 0.
    normalize (bool): See `TaskWeighting`. The published weights sum to 1; where that takes a
        division by a number below 0 they lead uphill for every task, and only those do.
    SOURCE: Liu et al. 2021, "Towards Impartial Multi-task Learning", Eq. 6.
    """
    return IMTLG(weights, normalize)


@register("mtl_weightings", "spacy_mtl.AlignedMTL.v1")
def create_aligned_mtl(
    scale_mode: str = "min", weights: Dict[str, Any] = {}, normalize: bool = True
) -> Weighting:
    """Create independent component alignment: principal components of equal size.

    Weights can be below 0.

    scale_mode (str): The size they get: that of the smallest ("min"), of the median
        ("median") or their mean ("rmse").
    weights (Dict[str, Union[float, Iterable[float]]]): The preference vector.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Senushkin et al. 2023, Algorithm 1, arXiv:2305.19000.
    """
    if scale_mode not in ("min", "median", "rmse"):
        raise ValueError(
            f"'scale_mode' of AlignedMTL is {scale_mode!r}, but it is one of: min, median, rmse. "
            f"Mend it in {BLOCK}."
        )
    return AlignedMTL({"scale_mode": scale_mode}, weights, normalize)


@register("mtl_weightings", "spacy_mtl.UPGrad.v1")
def create_upgrad(
    reg_eps: float = 0.0001, weights: Dict[str, Any] = {}, normalize: bool = True
) -> Weighting:
    """Create unconflicting projection: each gradient, moved until it hurts no task.

    reg_eps (float): Added to the Gramian's diagonal, relative to its trace, > 0. A task whose
        squared gradient is not much longer than that (with torchjd's 0.0001: whose gradient
        is a hundredth of the longest) may be hurt; less is more exact, down to about 1e-12.
    weights (Dict[str, Union[float, Iterable[float]]]): The preference vector.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Quinton and Rey 2024, Eq. 6, arXiv:2406.16232.
    """
    check_positive("UPGrad", reg_eps=reg_eps)
    return UPGrad({"reg_eps": reg_eps}, weights, normalize)


@register("mtl_weightings", "spacy_mtl.DualProj.v1")
def create_dual_proj(
    reg_eps: float = 0.0001, weights: Dict[str, Any] = {}, normalize: bool = True
) -> Weighting:
    """Create dual projection: the sum of the gradients, moved until it hurts no task.

    reg_eps (float): See UPGrad.
    weights (Dict[str, Union[float, Iterable[float]]]): The preference vector.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Lopez-Paz and Ranzato 2017, Eq. 11, arXiv:1706.08840.
    """
    check_positive("DualProj", reg_eps=reg_eps)
    return DualProj({"reg_eps": reg_eps}, weights, normalize)


@register("mtl_weightings", "spacy_mtl.ConFIG.v1")
def create_config(weights: Dict[str, Any] = {}, normalize: bool = True) -> Weighting:
    """Create conflict-free inverse gradients: equal cosines with all gradients.

    Weights can be below 0.

    weights (Dict[str, Union[float, Iterable[float]]]): The preference vector: what the
        cosines are in proportion to.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Liu et al. 2024, Eq. 2, arXiv:2408.11104.
    """
    return ConFIG(weights, normalize)


class PCGrad(GramianWeighting):
    """Gradient surgery: see `create_pcgrad`."""

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Find the weights: see `GramianWeighting`."""
        from torchjd.aggregation import PCGradWeighting

        return solve_by(PCGradWeighting(), gram)


class IMTLG(GramianWeighting):
    """Impartial gradient balance: see `create_imtlg`."""

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Find the weights: see `GramianWeighting`."""
        from torchjd.aggregation import IMTLGWeighting

        weights = solve_by(IMTLGWeighting(), gram)
        # Divided by a sum below 0 the step would go up for all tasks.
        return -weights if self.normalize and (gram @ weights).sum() < 0 else weights


class _WithOptions(GramianWeighting):
    """A method with settings of torchjd's."""

    def __init__(self, options: Dict[str, Any], *settings: Any) -> None:
        super().__init__(*settings)
        self.options = options


class MGDA(_WithOptions):
    """Multiple gradient descent: see `create_mgda`."""

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Find the weights: see `GramianWeighting`."""
        from torchjd.aggregation import MGDAWeighting

        return solve_by(MGDAWeighting(**self.options), gram)


class CAGrad(_WithOptions):
    """Conflict-averse descent: see `create_cagrad`."""

    solvers = ("cvxpy", "clarabel")

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Find the weights: see `GramianWeighting`."""
        from torchjd.aggregation import CAGradWeighting

        return solve_by(CAGradWeighting(**self.options), gram)


class AlignedMTL(_WithOptions):
    """Independent component alignment: see `create_aligned_mtl`."""

    has_preferences = True

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Find the weights: see `GramianWeighting`."""
        import torch
        from torchjd.aggregation import AlignedMTLWeighting

        preferences = torch.from_numpy(rows.preferences)
        return solve_by(AlignedMTLWeighting(preferences, **self.options), gram)


class UPGrad(_WithOptions):
    """Unconflicting projection: see `create_upgrad`."""

    has_preferences = True
    solvers = ("qpsolvers", "quadprog")

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Find the weights: see `GramianWeighting`."""
        import torch
        from torchjd.aggregation import UPGradWeighting
        from torchjd.linalg import QuadprogProjector

        projector = QuadprogProjector(**self.options)
        return solve_by(UPGradWeighting(torch.from_numpy(rows.preferences), projector), gram)


class DualProj(_WithOptions):
    """Dual projection: see `create_dual_proj`."""

    has_preferences = True
    solvers = ("qpsolvers", "quadprog")

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Find the weights: see `GramianWeighting`."""
        import torch
        from torchjd.aggregation import DualProjWeighting
        from torchjd.linalg import QuadprogProjector

        projector = QuadprogProjector(**self.options)
        return solve_by(DualProjWeighting(torch.from_numpy(rows.preferences), projector), gram)


class ConFIG(GramianWeighting):
    """Conflict-free inverse gradients: see `create_config`."""

    has_preferences = True

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Find the weights: see `GramianWeighting`.

        torchjd wants rows. Those that are as long as there are tasks do: all that counts
        are their products, and of these the cosines, until it comes to the length.
        """
        import torch
        from torchjd.aggregation import ConFIG as Aggregator

        cosines, norms = split(gram)
        units = root(cosines)
        with torch.no_grad():
            preferences = torch.from_numpy(rows.preferences)
            combined = Aggregator(preferences)(torch.from_numpy(units)).numpy()
        projections = units @ combined
        if projections.any():
            combined *= (norms @ projections) / projections.sum()
        return numpy.linalg.pinv(units.T) @ combined / norms

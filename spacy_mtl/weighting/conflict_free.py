"""ConFIG, conflict-free inverse gradients: equal cosines with all gradients."""

import numpy

from ..registry import register
from .by_gramian import GramianWeighting
from .rows import Rows
from .scaling import root, split


@register("mtl_weightings", "spacy_mtl.ConFIG.v1")
class ConFIG(GramianWeighting):
    """Conflict-free inverse gradients: equal cosines with all gradients.

    Weights can be below 0.

    weights (Dict[str, Union[float, Iterable[float]]]): The preference vector: what the
        cosines are in proportion to.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Liu et al. 2024, Eq. 2, arXiv:2408.11104.
    """

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

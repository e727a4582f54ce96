"""ConFIG, conflict-free inverse gradients: equal cosines with all gradients."""

import numpy

from ..registry import register
from ..scaling import root, split
from .by_gramian import GramianWeighting
from .rows import Rows


@register("mtl_weightings", "spacy_mtl.ConFIG.v1")
class ConFIG(GramianWeighting):
    """Conflict-free inverse gradients: equal cosines with all gradients.

    Weights can be negative.

    weights (Dict[str, Union[float, Iterable[float]]]): The preference vector. The cosines
        are proportional to it.
    normalize (bool): See `TaskWeighting`.
    SOURCE: Liu et al. 2024, Eq. 2, arXiv:2408.11104.
    """

    has_preferences = True

    def solve(self, gram: numpy.ndarray, rows: Rows) -> numpy.ndarray:
        """Compute the weights: see `GramianWeighting`.

        torchjd needs rows, and rows with as many values as there are tasks will do: only
        their products matter, and except for the final length only the cosines.
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

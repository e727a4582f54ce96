"""Gradients that meet at the representation, where each rank has that of its own documents."""

from typing import Any, Dict, List, Mapping, Tuple

import numpy
from thinc.types import Floats2d

from ..scaling import combine, products
from ..types import Combined, TokenVectors
from .contract import check_products, check_weighted_sum
from .gramians import rows_with
from .meeting import AtRepresentation, Rows
from .pipeline import Pipeline


class ApartAtRepresentation(AtRepresentation):
    """The rows are gradients of the features of documents that differ by rank.

    A weighting that only needs the products of the rows sees rows with the products of those of
    all ranks together, and its weights act on the gradients of each rank. One that works on each
    value sees the rows of all ranks, one after the other.

    pipeline (Pipeline): The pipeline around the joint component.
    totals (Dict[str, float]): spaCy's dict of losses.
    needs_rows (bool): Whether the weighting works on each value of the gradients.
    title (str): The name of the weighting, for errors.
    """

    def __init__(
        self, pipeline: Pipeline, totals: Dict[str, float], *, needs_rows: bool, title: str
    ) -> None:
        super().__init__(pipeline, totals)
        self._needs_rows = needs_rows
        self._title = title

    def rows(self, d_views: Mapping[str, TokenVectors]) -> Rows:
        """Send each task's gradient backward: see `Meeting`."""
        found = super().rows(d_views)
        if not found.tasks:
            return found
        if self._needs_rows:
            self._shown, self._place = self._of_all(found.values)
        else:
            gram = self._products + products(found.values[:, self._n_values :])
            check_products(found.tasks, gram)
            shown: Any = rows_with(gram)
            self._shown = self._backward.ops.asarray2f(shown)
        return Rows(found.tasks, self._shown, found.at_features)

    def give(self, combined: Combined) -> None:
        """Let the weights act on the gradients: see `Meeting`.

        RAISES (ValueError): If the combined gradient is no weighted sum of the rows, though the
            weighting doesn't say that it needs them.
        """
        if self._needs_rows:
            xp = self._backward.ops.xp
            gradient: Any = combined.gradient
            start, end = self._place
            n_scheme = self._scheme.n_values
            of_scheme = gradient[len(gradient) - n_scheme :]
            own: Any = xp.concatenate([gradient[start:end], of_scheme])
        else:
            weights = numpy.asarray([combined.weights[task] for task in self._rows.tasks])
            check_weighted_sum(self._title, combined.gradient, weights, self._shown)
            own = combine(weights, self._rows.values)
        super().give(Combined(own, combined.weights))

    def _of_all(self, values: Floats2d) -> Tuple[Floats2d, Tuple[int, int]]:
        """RETURNS (Tuple[Floats2d, Tuple[int, int]]): The rows of all ranks, those of the scheme's
        parameters at their end once, and the columns of this rank."""
        ops, group, n = self._backward.ops, self._group, self._n_values
        own: Any = values[:, :n]
        parts: List[Any] = [ops.asarray2f(part) for part in group.gather(ops.to_numpy(own))]
        start = sum(part.shape[1] for part in parts[: group.rank])
        return ops.xp.hstack([*parts, values[:, n:]]), (start, start + n)

"""Gradients that meet at the encoder's parameters, at the price of the representation."""

from functools import partial
from typing import Any, Dict, List, Mapping, Sequence, Union

import numpy
from thinc.types import Floats2d

from ..scaling import combine, products
from ..types import Combined, TokenVectors
from .contract import check_rows, check_weighted_sum
from .gramians import Gramians
from .meeting import AtParameters, Rows, joined
from .pipeline import Pipeline


class SampledParameters(AtParameters):
    """Gradients at the parameters, measured in some steps only: see `Gramians`.

    Instead of the gradients, the weighting sees rows with the same average products. Its weights
    act on the gradients at the representation, with one backward pass of the encoder for all
    tasks: that is the same, since a backward pass is linear. In a step with a measurement, they
    act on the measured gradients. A task that is alone takes no pass of its own: its gradient is
    measured in the parameters, and weighed there.

    pipeline (Pipeline): The pipeline around the joint component.
    totals (Dict[str, float]): spaCy's dict of losses.
    gramians (Gramians): What was measured so far.
    every (Union[int, str]): The number of steps between measurements, or "auto".
    title (str): The name of the weighting, for errors.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        totals: Dict[str, float],
        *,
        gramians: Gramians,
        every: Union[int, str],
        title: str,
    ) -> None:
        super().__init__(pipeline, totals)
        self._gramians = gramians
        self._every = every
        self._title = title
        self._is_measured = self._is_alone = False

    def rows(self, d_views: Mapping[str, TokenVectors]) -> Rows:
        """Send each task's gradient backward, as far as this step needs it: see `Meeting`."""
        found = super().rows(d_views)
        if not found.tasks:
            return found
        check_rows(found.tasks, found.values)
        if self._is_alone:
            self._gramians.note(found.tasks, numpy.asarray([[self._square]]))
        elif self._is_measured:
            self._gramians.note(found.tasks, products(found.values))
        shown: Any = self._gramians.rows(found.tasks)
        self._shown = self._backward.ops.asarray2f(shown)
        return Rows(found.tasks, self._shown, found.at_features)

    def give(self, combined: Combined) -> None:
        """Let the weights act on the gradients: see `Meeting`.

        RAISES (ValueError): If the combined gradient is no weighted sum of the rows.
        """
        weights = numpy.asarray([combined.weights[task] for task in self._rows.tasks])
        check_weighted_sum(self._title, combined.gradient, weights, self._shown)
        super().give(Combined(combine(weights, self._rows.values), combined.weights))

    def _values(self, features: Mapping[str, Sequence[Any]], at_features: Floats2d) -> Floats2d:
        self._is_measured = self._gramians.open(list(features), self._every)
        is_plain = not self._scheme.n_values and not self._backward.strengths
        # The square of a sum over ranks can't be found where its parts are.
        is_plain = is_plain and self._group.size == 1
        self._is_alone = self._is_measured and len(features) == 1 and is_plain
        if self._is_alone:
            (row,) = features.values()
            copies = [part.copy() for part in row]
            check = partial(_check_square, list(features))
            self._square = self.prepare().run_alone(partial(self._pass, copies), check)
            return at_features
        if self._is_measured:
            return super()._values(features, at_features)
        self._like = list(next(iter(features.values())))
        return at_features

    def _give(self, gradient: Any, weights: Dict[str, float], auxiliary: List[Any]) -> None:
        if self._is_alone:
            (weight,) = (weights[task] for task in self._rows.tasks)
            self._encoder.finish_alone(weight)
            self.count_once([weight])
        elif self._is_measured:
            super()._give(gradient, weights, auxiliary)
        else:
            self._pass(joined(gradient, self._like, auxiliary))


def _check_square(tasks: List[str], square: float) -> None:
    found: Any = numpy.asarray([[square]])
    check_rows(tasks, found)

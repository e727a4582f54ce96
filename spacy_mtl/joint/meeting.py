"""Where the tasks' gradients meet: at the shared representation or the encoder's parameters.

A meeting makes one row per task (`rows`). The weighting combines the rows into one, and the
meeting sends that one to the encoder and the scheme (`give`).
"""

from functools import partial
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Type

from thinc.api import Ops
from thinc.types import Floats2d

from ..arrays import cut_like
from ..parameters import Slot, slots_of_model, unique
from ..scaling import products
from ..types import Combined, TokenVectors, Views
from .backward import Backward, Rows
from .contract import PLACES
from .encoder_checks import check_exact
from .gramians import rows_with
from .parameters import ParameterRows
from .pipeline import Pipeline
from .upstream import SentGradients


class Meeting:
    """A place where the gradients of one step meet.

    Subclasses decide what the rows are the gradient of. Any scheme parameters that tasks share
    follow at the end of each row. Parameters of a single task get that task's own gradient
    while the rows are made.

    pipeline (Pipeline): The pipeline around the joint component.
    totals (Dict[str, float]): spaCy's dict of losses.
    """

    def __init__(self, pipeline: Pipeline, totals: Dict[str, float]) -> None:
        self._pipeline = pipeline
        self._totals = totals
        self._group = pipeline.group

    @classmethod
    def check(cls, pipeline: Pipeline) -> None:
        """Refuse encoders whose gradients cannot meet here.

        pipeline (Pipeline): The pipeline around the joint component.
        RAISES (ValueError): If its encoder isn't supported.
        """

    def connect(self, backward: Backward) -> None:
        """Set the backward passes, once the forward pass has run.

        backward (Backward): The backward passes of the batch.
        """
        self._backward = backward
        self._scheme = ParameterRows(backward.shared, beside=backward.private)

    def rows(self, d_views: Mapping[str, TokenVectors]) -> Rows:
        """Send each task's gradient backward, up to the place where the tasks meet.

        d_views (Mapping[str, List[Floats2d]]): The gradients of the views, by task.
        RETURNS (Rows): One row for each task that has a gradient.
        """
        features, of_scheme = self._to_features(d_views)
        if features:
            at_features = _stack(list(features.values()), self._backward.ops)
            values = self._values(features, at_features)
        else:
            values = at_features = of_scheme
        #: Where the scheme's part of a row starts.
        self._n_values = values.shape[1]
        if self._scheme.n_values and features:
            values = self._backward.ops.xp.hstack([values, of_scheme])
        self._rows = Rows(list(features), values, at_features)
        if self._group.size == 1 or not features:
            return self._rows
        #: The products of the tasks' gradients at the features, over all ranks.
        self._products = self._group.sum(products(at_features))
        shown: Any = rows_with(self._products)
        return Rows(list(features), values, self._backward.ops.asarray2f(shown))

    def give(self, combined: Combined) -> None:
        """Send the combined row on to the encoder and the scheme. Call this once.

        combined (Combined): The combined row and the weights.
        """
        gradient: Any = combined.gradient
        if self._scheme.n_values:
            n = self._n_values
            # It is the sum over all ranks already.
            if self._group.is_first:
                self._scheme.add(gradient[n:], self._rows.values[:, n:])
            gradient = gradient[:n]
        auxiliary: List[Any] = []
        if self._backward.strengths:
            d_losses = Views({}, dict(self._backward.strengths))
            self._scheme.run_last(lambda: auxiliary.extend(self._backward.views(d_losses).arrays))
        self._give(gradient, combined.weights, auxiliary)

    def _values(self, features: Mapping[str, Sequence[Any]], at_features: Floats2d) -> Floats2d:
        """RETURNS (Floats2d): The rows at this place, without the scheme's part."""
        raise NotImplementedError

    def _give(self, gradient: Any, weights: Dict[str, float], auxiliary: List[Any]) -> None:
        """Send on the combined gradient, and the auxiliary losses' gradient of the features."""
        raise NotImplementedError

    def _to_features(
        self, d_views: Mapping[str, TokenVectors]
    ) -> Tuple[Dict[str, List[Any]], Floats2d]:
        """Run the scheme's backward pass for each task. Drop tasks without a gradient."""
        found: Dict[str, List[Any]] = {}
        backward, group = self._backward, self._group
        # Who sends zeros is absent: its own parameters would get zeros, and momentum would move
        # them. (Stock components send them where nothing is annotated.)
        here = [task for task, d_view in d_views.items() if any(d.any() for d in d_view)]
        everywhere = group.union(here)
        present = [task for task in d_views if task in everywhere]

        def run(task: str) -> None:
            if task in here:
                found[task] = backward.views(Views({task: d_views[task]})).arrays
                return
            if backward.strengths:
                # So that auxiliary losses reach its parameters: it is present elsewhere.
                backward.views(Views({task: backward.view_like(task)}))
            found[task] = [backward.ops.xp.zeros_like(array) for array in backward.features]

        of_scheme = self._scheme.gradients(
            [partial(run, task) for task in present], backward.ops, is_last=not backward.strengths
        )
        if self._scheme.n_values:
            of_scheme = group.sum(of_scheme)
        tasks = list(found)
        reached = group.union(
            [
                task
                for task, row in zip(tasks, of_scheme)
                if any(d.any() for d in found[task]) or row.any()
            ]
        )
        kept = [i for i, task in enumerate(tasks) if task in reached]
        features = {tasks[i]: found[tasks[i]] for i in kept}
        return features, of_scheme if len(kept) == len(tasks) else of_scheme[kept]


class AtRepresentation(Meeting):
    """The rows are gradients of the features. The encoder runs one backward pass."""

    def _values(self, features: Mapping[str, Sequence[Any]], at_features: Floats2d) -> Floats2d:
        self._like: List[Any] = list(next(iter(features.values())))
        return at_features

    def _give(self, gradient: Any, weights: Dict[str, float], auxiliary: List[Any]) -> None:
        self._backward.trunk(joined(gradient, self._like, auxiliary))


class AtParameters(Meeting):
    """The rows are gradients of the encoder's parameters, from one backward pass per task."""

    def __init__(self, pipeline: Pipeline, totals: Dict[str, float]) -> None:
        super().__init__(pipeline, totals)
        self._sent = SentGradients(pipeline.upstream_listeners)

    @classmethod
    def check(cls, pipeline: Pipeline) -> None:
        """Refuse encoders whose gradients at the parameters would not be exact."""
        check_exact(pipeline.encoder_models())

    @property
    def slots(self) -> List[Slot]:
        """RETURNS (List[Slot]): The parameters of the values of a row, once `rows` was called."""
        of_encoder = self._encoder.slots if self._rows.at_features is not self._rows.values else []
        return [*of_encoder, *self._scheme.slots]

    def _values(self, features: Mapping[str, Sequence[Any]], at_features: Floats2d) -> Floats2d:
        self.prepare()
        # With several ranks, a task may have its documents elsewhere.
        self._sending = [
            task
            for task, row in features.items()
            if self._group.size == 1 or any(part.any() for part in row)
        ]
        is_last = not self._backward.strengths and bool(self._sending)
        last = self._sending[-1] if is_last else None
        passes = [
            # Pass copies: a layer may write to the array it is given.
            partial(self._pass, [part.copy() for part in row], keep=task != last)
            if task in self._sending
            else _no_pass
            for task, row in features.items()
        ]
        rows = self._encoder.gradients(passes, self._backward.ops, is_last=is_last)
        return self._group.sum(rows)

    def prepare(self) -> ParameterRows:
        """RETURNS (ParameterRows): The encoder's parameters, before any backward pass."""
        models = self._pipeline.encoder_models().values()
        # What the scheme borrows gets its gradient there.
        others = {slot.identity for slot in self._backward.shared}
        slots = unique(slot for model in models for slot in slots_of_model(model))
        self._encoder = ParameterRows([slot for slot in slots if slot.identity not in others])
        self._totals_before = dict(self._totals)
        return self._encoder

    def count_once(self, of_passes: Sequence[float]) -> None:
        """Correct the reported loss of an upstream encoder: see `_count_once`.

        of_passes (Sequence[float]): The weight of each pass.
        """
        _count_once(self._totals, self._totals_before, self._sent.passes, of_passes)

    def _give(self, gradient: Any, weights: Dict[str, float], auxiliary: List[Any]) -> None:
        n = self._encoder.n_values
        # It is the sum over all ranks already.
        if self._group.is_first:
            self._encoder.add(gradient, self._rows.values[:, :n])
        of_passes = [weights[task] for task in self._sending]
        if auxiliary:
            self._encoder.run_last(partial(self._pass, auxiliary))
            of_passes.append(1.0)
        self.count_once(of_passes)

    def _pass(self, d_features: Sequence[Any], keep: bool = False) -> None:
        self._sent.begin_pass()
        self._backward.trunk(d_features, keep=keep)


#: By the value of the setting 'gradients'.
MEETINGS: Dict[str, Type[Meeting]] = dict(zip(PLACES, (AtRepresentation, AtParameters)))


def joined(gradient: Any, like: List[Any], auxiliary: Sequence[Any]) -> List[Any]:
    """Turn a combined row into the gradient of the features.

    gradient (Floats1d): The combined row. Shape: (n_features,).
    like (List[Floats2d]): Arrays of the features' shapes.
    auxiliary (Sequence[Floats2d]): The gradient of the auxiliary losses, to add. May be empty.
    RETURNS (List[Floats2d]): One array per document. Shape: (n_tokens, width).
    """
    d_features = cut_like(gradient, like)
    return [d + other for d, other in zip(d_features, auxiliary)] if auxiliary else d_features


def _no_pass() -> None:
    """Do nothing, for a task without a gradient on this rank."""


def _stack(rows: List[List[Any]], ops: Ops) -> Floats2d:
    """RETURNS (Floats2d): One flat row per task. Shape: (n_tasks, n_features)."""
    flat: List[Any] = [ops.flatten(row).ravel() for row in rows]
    return ops.xp.stack(flat)


def _count_once(
    losses: Dict[str, float],
    before: Dict[str, float],
    sent: Sequence[Sequence[Any]],
    weights: Sequence[float],
) -> None:
    """Correct the reported loss of an upstream encoder, which grows with every backward pass.

    A `transformer` or `tok2vec` adds the squares of the gradients it is sent. Replace these by
    the squares of the weighted sum of all passes. That is what a single joint pass would add if
    the method sums weighted gradients (GradDrop and DBMTL, with its average, do not).
    """
    alone = sum(float((part**2).sum()) for parts in sent for part in parts)
    joint = sum(
        float((sum(w * part for w, part in zip(weights, parts)) ** 2).sum()) for parts in zip(*sent)
    )
    for name, value in losses.items():
        if value != before.get(name, 0.0) and alone:
            added = value - before.get(name, 0.0)
            losses[name] = before.get(name, 0.0) + added * joint / alone

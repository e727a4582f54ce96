"""Where the tasks' gradients meet: at the shared representation, or at the encoder's parameters."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Type

from thinc.api import Ops
from thinc.types import Floats2d

from ..arrays import cut_like
from ..parameters import slots_of_model, unique
from ..types import Combined, TokenVectors, Views
from .checks import check_exact
from .forward import Backward
from .parameters import ParameterRows
from .pipeline import Pipeline
from .upstream import SentGradients


@dataclass(frozen=True)
class Rows:
    """One row a task: of those that have a gradient.

    tasks (List[str]): In pipeline order.
    values (Floats2d): What the weighting sees. Shape: (n_tasks, n_values).
    at_features (Floats2d): Their gradients at the shared representation.
        Shape: (n_tasks, n_values).
    """

    tasks: List[str]
    values: Floats2d
    at_features: Floats2d


class Meeting:
    """A place where gradients meet, for one step.

    Parameters of the scheme that tasks share are part of each row, wherever the rest of it is.
    Those of one task get that task's own gradient while the rows are made.

    pipeline (Pipeline): The pipeline around the joint component.
    totals (Dict[str, float]): spaCy's dict of losses.
    """

    def __init__(self, pipeline: Pipeline, totals: Dict[str, float]) -> None:
        self._pipeline = pipeline
        self._totals = totals

    @classmethod
    def check(cls, pipeline: Pipeline) -> None:
        """Refuse encoders whose gradients cannot meet here.

        pipeline (Pipeline): The pipeline around the joint component.
        RAISES (ValueError): If this is one.
        """

    def connect(self, backward: Backward) -> None:
        """Take the backward passes, once the forward pass has run.

        backward (Backward): The passes.
        """
        self._backward = backward
        self._scheme = ParameterRows(backward.shared, beside=backward.private)

    def rows(self, d_views: Mapping[str, TokenVectors]) -> Rows:
        """Take each task's gradient back to where the tasks part.

        d_views (Mapping[str, List[Floats2d]]): The gradients of the views, by task.
        RETURNS (Rows): Of the tasks that have a gradient.
        """
        features, of_scheme = self._to_features(d_views)
        if features:
            at_features = _stack(list(features.values()), self._backward.ops)
            values = self._values(features, at_features)
        else:
            values = at_features = of_scheme
        #: Of what comes after the place itself in each row.
        self._n_values = values.shape[1]
        if self._scheme.n_values and features:
            values = self._backward.ops.xp.hstack([values, of_scheme])
        self._rows = Rows(list(features), values, at_features)
        return self._rows

    def give(self, combined: Combined) -> None:
        """Send what the weighting has made of the rows on, once.

        combined (Combined): The gradient and the weights.
        """
        gradient: Any = combined.gradient
        if self._scheme.n_values:
            n = self._n_values
            self._scheme.add(gradient[n:], self._rows.values[:, n:])
            gradient = gradient[:n]
        auxiliary: List[Any] = []
        if self._backward.strengths:
            d_losses = Views({}, dict(self._backward.strengths))
            self._scheme.run_last(lambda: auxiliary.extend(self._backward.views(d_losses).arrays))
        self._give(gradient, combined.weights, auxiliary)

    def _values(self, features: Mapping[str, Sequence[Any]], at_features: Floats2d) -> Floats2d:
        """RETURNS (Floats2d): The rows at this place. Shape: (n_tasks, n_values)."""
        raise NotImplementedError

    def _give(self, gradient: Any, weights: Dict[str, float], auxiliary: List[Any]) -> None:
        """Send the combined gradient on, and that of auxiliary losses at the features."""
        raise NotImplementedError

    def _to_features(
        self, d_views: Mapping[str, TokenVectors]
    ) -> Tuple[Dict[str, List[Any]], Floats2d]:
        """Run the scheme's backward pass once a task; leave tasks without a gradient out."""
        found: Dict[str, List[Any]] = {}
        # Who sends zeros is absent: its own parameters would get zeros, and momentum would move
        # them. (Stock components send them where nothing is annotated.)
        present = [task for task, d_view in d_views.items() if any(d.any() for d in d_view)]

        def run(task: str) -> None:
            found[task] = self._backward.views(Views({task: d_views[task]})).arrays

        of_scheme = self._scheme.gradients(
            [partial(run, task) for task in present],
            self._backward.ops,
            is_last=not self._backward.strengths,
        )
        kept = [
            i
            for i, arrays in enumerate(found.values())
            if any(d.any() for d in arrays) or of_scheme[i].any()
        ]
        tasks = list(found)
        features = {tasks[i]: found[tasks[i]] for i in kept}
        return features, of_scheme if len(kept) == len(tasks) else of_scheme[kept]


class AtRepresentation(Meeting):
    """The rows are gradients of the features. There is one backward pass through the encoder."""

    def _values(self, features: Mapping[str, Sequence[Any]], at_features: Floats2d) -> Floats2d:
        self._like: List[Any] = list(next(iter(features.values())))
        return at_features

    def _give(self, gradient: Any, weights: Dict[str, float], auxiliary: List[Any]) -> None:
        d_features = cut_like(gradient, self._like)
        if auxiliary:
            d_features = [d + other for d, other in zip(d_features, auxiliary)]
        self._backward.trunk(d_features)


class AtParameters(Meeting):
    """The rows are gradients of the encoder's parameters: a backward pass a task."""

    def __init__(self, pipeline: Pipeline, totals: Dict[str, float]) -> None:
        super().__init__(pipeline, totals)
        self._sent = SentGradients(pipeline.upstream_listeners)

    @classmethod
    def check(cls, pipeline: Pipeline) -> None:
        """Refuse encoders whose gradients at the parameters would not be exact."""
        check_exact(pipeline.encoder_models())

    def _values(self, features: Mapping[str, Sequence[Any]], at_features: Floats2d) -> Floats2d:
        models = self._pipeline.encoder_models().values()
        self._encoder = ParameterRows(unique(s for model in models for s in slots_of_model(model)))
        self._totals_before = dict(self._totals)
        last = None if self._backward.strengths else list(features)[-1]
        passes = [
            # Copies: a layer may work in the array that it is given.
            partial(self._pass, [part.copy() for part in row], keep=task != last)
            for task, row in features.items()
        ]
        return self._encoder.gradients(passes, self._backward.ops, is_last=last is not None)

    def _give(self, gradient: Any, weights: Dict[str, float], auxiliary: List[Any]) -> None:
        n = self._encoder.n_values
        self._encoder.add(gradient, self._rows.values[:, :n])
        of_passes = [weights[task] for task in self._rows.tasks]
        if auxiliary:
            self._encoder.run_last(partial(self._pass, auxiliary))
            of_passes.append(1.0)
        _count_once(self._totals, self._totals_before, self._sent.passes, of_passes)

    def _pass(self, d_features: Sequence[Any], keep: bool = False) -> None:
        self._sent.begin_pass()
        self._backward.trunk(d_features, keep=keep)


#: By what the config calls them.
MEETINGS: Dict[str, Type[Meeting]] = {
    "representation": AtRepresentation,
    "parameters": AtParameters,
}


def _stack(rows: List[List[Any]], ops: Ops) -> Floats2d:
    """RETURNS (Floats2d): One flat row a task. Shape: (n_tasks, n_values)."""
    flat: List[Any] = [ops.flatten(row).ravel() for row in rows]
    return ops.xp.stack(flat)


def _count_once(
    losses: Dict[str, float],
    before: Dict[str, float],
    sent: Sequence[Sequence[Any]],
    weights: Sequence[float],
) -> None:
    """Correct the loss of an encoder upstream, which grows with every backward pass.

    A `transformer` or `tok2vec` adds the squares of what it is sent. It ends up with those
    of the weighted sum of all passes: what one joint pass adds, where the method adds up
    weighted gradients (not GradDrop, nor DBMTL with its average).
    """
    alone = sum(float((part**2).sum()) for parts in sent for part in parts)
    joint = sum(
        float((sum(w * part for w, part in zip(weights, parts)) ** 2).sum()) for parts in zip(*sent)
    )
    for name, value in losses.items():
        if value != before.get(name, 0.0) and alone:
            added = value - before.get(name, 0.0)
            losses[name] = before.get(name, 0.0) + added * joint / alone

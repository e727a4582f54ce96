"""A trunk and a sharing scheme small enough to follow by hand, with every kind of parameter.

    features = rows of a table E, by token
    view of a task = features W + p of the task
    auxiliary loss = half the sum of the squares of the features

E is the trunk's, W is shared by all tasks, and each p is of one task.
"""

from types import SimpleNamespace
from typing import Any, Dict, List

import numpy
from thinc.api import Model, NumpyOps

from spacy_mtl.joint.meeting import Backward
from spacy_mtl.parameters import Slot, slots_of_model
from spacy_mtl.ranks.group import ALONE
from spacy_mtl.types import Features, Views

WIDTH = 2
#: The rows of E that the tokens of two documents have: the second comes twice.
TOKENS = [[0, 1], [1]]


def layer(name: str, values: Any) -> Model:
    """A layer that is but a parameter."""
    array = numpy.asarray(values, dtype="float32")
    return Model(name, lambda model, X, is_train: (X, None), params={name: array})


class Scheme:
    """The forward pass of a batch has run; what remains is the way back.

    tasks: The names of the tasks.
    strength: The weight of the auxiliary loss. Without: there is none.
    """

    def __init__(self, tasks: List[str], strength: float = 0.0) -> None:
        self.table = layer("E", [[1, 2], [3, 4]])
        self.shared = layer("W", [[1, 1], [0, 2]])
        self.private: Dict[str, Model] = {task: layer("p", [0, 0]) for task in tasks}
        #: Whether each pass through the trunk was followed by another.
        self.kept: List[bool] = []
        self.backward = Backward(
            views=self.backprop_views,
            trunk=self.backprop_trunk,
            shared=slots(self.shared),
            private=[slot for each in self.private.values() for slot in slots(each)],
            strengths={"squares": strength} if strength else {},
            ops=NumpyOps(),
        )
        #: What `AtParameters` asks of a pipeline.
        self.pipeline: Any = SimpleNamespace(
            upstream_listeners=[], encoder_models=lambda: {"mtl": self.table}, group=ALONE
        )

    @property
    def features(self) -> List[numpy.ndarray]:
        return [self.table.get_param("E")[rows] for rows in TOKENS]

    def backprop_views(self, d_views: Views) -> Features:
        if d_views.losses:
            return Features([d_views.losses["squares"] * x for x in self.features])
        ((task, d_view),) = d_views.by_task.items()
        for x, d in zip(self.features, d_view):
            self.shared.inc_grad("W", x.T @ d)
            self.private[task].inc_grad("p", d.sum(axis=0))
        return Features([d @ self.shared.get_param("W").T for d in d_view])

    def backprop_trunk(self, d_features: List[Any], keep: bool = False) -> None:
        self.kept.append(keep)
        for rows, d in zip(TOKENS, d_features):
            gradient = numpy.zeros_like(self.table.get_param("E"))
            numpy.add.at(gradient, rows, d)
            self.table.inc_grad("E", gradient)


def slots(model: Model) -> List[Slot]:
    return list(slots_of_model(model))


def view_gradient(*rows: Any) -> List[numpy.ndarray]:
    """The gradient of a view, from that of each of the three tokens."""
    values = numpy.asarray(rows, dtype="float32")
    return [values[:2], values[2:]]

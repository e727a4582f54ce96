"""A layer for the learned transitions of a CRF."""

from typing import Any, Optional

from thinc.api import Model
from thinc.types import Floats2d


def Transitions(nO: Optional[int] = None) -> Model[Floats2d, Floats2d]:
    """Build a layer that holds scores of transitions between classes.

    It passes on what it gets: the head adds the gradient of the scores. They start
    at zero, as the parameter "T". Shape: (n_classes + 1, n_classes + 1); the last row
    is what comes before a document, the last column what comes after it.

    nO (Optional[int]): Number of classes. By default that of the layer before.
    RETURNS (Model[Floats2d, Floats2d]): The layer.
    """
    return Model(
        "transitions",
        lambda model, X, is_train: (X, lambda dY: dY),
        init=_init_transitions,
        dims={"nO": nO},
        params={"T": None},
    )


def _init_transitions(model: Model, X: Optional[Floats2d] = None, Y: Any = None) -> None:
    if X is not None and model.has_dim("nO") is None:
        model.set_dim("nO", X.shape[1])
    n = model.get_dim("nO") + 1
    model.set_param("T", model.ops.alloc2f(n, n))

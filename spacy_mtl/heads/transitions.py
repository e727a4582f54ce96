"""A layer for the learned transitions of a CRF."""

from typing import Any, Callable, Optional, Tuple

from thinc.api import Model
from thinc.types import Floats2d


def Transitions(nO: Optional[int] = None) -> Model[Floats2d, Floats2d]:
    """Build a layer that holds transition scores between classes.

    It returns its input unchanged; the head adds the gradient of the scores. They
    are the parameter "T" and start at zero. Shape: (n_classes + 1, n_classes + 1);
    the last row is the start of a document, the last column its end.

    nO (Optional[int]): Number of classes. Defaults to that of the previous layer.
    RETURNS (Model[Floats2d, Floats2d]): The layer.
    """
    return Model(
        "transitions",
        _forward,
        init=_init_transitions,
        dims={"nO": nO},
        params={"T": None},
    )


# Not lambdas: heads are pickled.
def _forward(
    model: Model, X: Floats2d, is_train: bool
) -> Tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    return X, _backprop


def _backprop(d_scores: Floats2d) -> Floats2d:
    return d_scores


def _init_transitions(model: Model, X: Optional[Floats2d] = None, Y: Any = None) -> None:
    if X is not None and model.has_dim("nO") is None:
        model.set_dim("nO", X.shape[1])
    n = model.get_dim("nO") + 1
    model.set_param("T", model.ops.alloc2f(n, n))

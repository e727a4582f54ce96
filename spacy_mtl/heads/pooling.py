"""Pooling token vectors into one vector per document."""

from typing import Any, Callable, Optional, Tuple

from thinc.api import Model
from thinc.types import Floats2d, Ragged

from ..types import TokenVectors


def pool_docs(pooling: Model[Ragged, Floats2d]) -> Model[TokenVectors, Floats2d]:
    """Build a layer that pools documents; those without tokens get zeros.

    pooling (Model[Ragged, Floats2d]): For example thinc's `reduce_mean`.
    RETURNS (Model[List[Floats2d], Floats2d]): Maps one array per document, of shape
        (n_tokens, width), to document vectors. Shape: (n_docs, width of the pooling).
    """
    return Model("pool_docs", _forward, init=_init, layers=[pooling])


def _forward(
    model: Model[TokenVectors, Floats2d], vectors: TokenVectors, is_train: bool
) -> Tuple[Floats2d, Callable[[Floats2d], TokenVectors]]:
    ops = model.ops
    pooling = model.layers[0]
    filled = [i for i, x in enumerate(vectors) if x.shape[0]]
    lengths = ops.asarray1i([vectors[i].shape[0] for i in filled])
    if not filled:
        width = vectors[0].shape[1] if vectors else 0
        return ops.alloc2f(len(vectors), width), lambda d_pooled: vectors
    flat = ops.flatten([vectors[i] for i in filled])
    pooled_filled, backprop_pooling = pooling(Ragged(flat, lengths), is_train)
    pooled = ops.alloc2f(len(vectors), pooled_filled.shape[1])
    pooled[filled] = pooled_filled

    def backprop(d_pooled: Floats2d) -> TokenVectors:
        d_flat = backprop_pooling(d_pooled[filled]).dataXd
        d_vectors = [ops.alloc2f(*x.shape) for x in vectors]
        for i, d in zip(filled, ops.unflatten(d_flat, lengths)):
            d_vectors[i] = d
        return d_vectors

    return pooled, backprop


def _init(model: Model, X: Optional[TokenVectors] = None, Y: Any = None) -> None:
    filled = None if X is None else [x for x in X if x.shape[0]]
    if filled:
        lengths = model.ops.asarray1i([x.shape[0] for x in filled])
        model.layers[0].initialize(X=Ragged(model.ops.flatten(filled), lengths))
    else:
        model.layers[0].initialize()

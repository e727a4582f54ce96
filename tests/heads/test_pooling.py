"""Pooling documents by the mean of their tokens."""

from typing import List

import numpy
from thinc.api import reduce_mean
from thinc.types import Floats2d

from spacy_mtl.heads.pooling import pool_docs


def vectors() -> List[Floats2d]:
    return [
        numpy.asarray([[1, 2], [3, 6]], dtype="float32"),
        numpy.zeros((0, 2), dtype="float32"),
        numpy.asarray([[5, 7]], dtype="float32"),
    ]


def test_documents_without_tokens_are_zeros() -> None:
    pooled, backprop = pool_docs(reduce_mean())(vectors(), is_train=True)
    assert pooled.tolist() == [[2, 4], [0, 0], [5, 7]]
    d_vectors = backprop(numpy.asarray([[2, 4], [9, 9], [1, 1]], dtype="float32"))
    assert [d.tolist() for d in d_vectors] == [[[1, 2], [1, 2]], [], [[1, 1]]]
    assert [d.shape for d in d_vectors] == [(2, 2), (0, 2), (1, 2)]


def test_no_tokens_at_all() -> None:
    empty = vectors()[1:2]
    pooled, backprop = pool_docs(reduce_mean())(empty, is_train=True)
    assert pooled.tolist() == [[0, 0]]
    assert [d.shape for d in backprop(pooled)] == [(0, 2)]
    nothing, backprop = pool_docs(reduce_mean())([], is_train=True)
    assert nothing.shape == (0, 0)
    assert backprop(nothing) == []

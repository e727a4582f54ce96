"""The heads' operations give the results of thinc's."""

from typing import List

import numpy
import pytest
from thinc.api import NumpyOps

from spacy_mtl.heads import ops
from spacy_mtl.heads.ops import HeadOps


def draw(*shape: int) -> numpy.ndarray:
    return numpy.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.parametrize("factor", [1, 60])
@pytest.mark.parametrize("trans1", [False, True])
@pytest.mark.parametrize("trans2", [False, True])
@pytest.mark.parametrize("kind", ["float32", "float64", "read-only", "parts"])
def test_matrix_products(
    factor: int, trans1: bool, trans2: bool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ops, "is_fast", lambda dtype: True)
    n, inner, n_outputs = 5 * factor, 3 * factor, 4 * factor
    X = draw(inner, n) if trans1 else draw(n, inner)
    Y = draw(n_outputs, inner) if trans2 else draw(inner, n_outputs)
    if kind == "float64":
        X, Y = X.astype(kind), Y.astype(kind)
    elif kind == "read-only":
        X.flags.writeable = False
    elif kind == "parts":
        X, Y = numpy.repeat(X, 2, axis=0)[::2], numpy.repeat(Y, 2, axis=1)[:, ::2]
    expected = NumpyOps(use_blis=False).gemm(X, Y, trans1=trans1, trans2=trans2)
    found = HeadOps().gemm(X, Y, trans1=trans1, trans2=trans2)
    assert found.dtype == expected.dtype
    assert numpy.allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_only_large_products_by_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    by_onednn = []
    monkeypatch.setattr(ops, "is_fast", lambda dtype: True)
    monkeypatch.setattr(ops, "linear", lambda X, W: by_onednn.append(len(X)) or X @ W.t())
    for n in (10, 1000):
        HeadOps().gemm(draw(n, 60), draw(60, 40))
    assert by_onednn == [1000]


def test_products_of_nothing() -> None:
    assert HeadOps().gemm(draw(0, 3), draw(3, 4)).shape == (0, 4)
    out = numpy.zeros((5, 4), dtype="float32")
    HeadOps().gemm(draw(5, 3), draw(3, 4), out=out)
    assert out.any()


@pytest.mark.parametrize("lengths", [[2, 0, 3, 1], [0, 0], [], [6]])
def test_flatten_and_unflatten(lengths: List[int]) -> None:
    fast, plain = HeadOps(), NumpyOps()
    whole = draw(sum(lengths), 4)
    parts = fast.unflatten(whole, numpy.asarray(lengths, dtype="int32"))
    assert [len(part) for part in parts] == lengths
    if lengths:
        assert fast.flatten(parts).tolist() == whole.tolist()
    assert fast.flatten(parts, pad=1).shape == plain.flatten(parts, pad=1).shape
    assert fast.flatten(parts, dtype="float64").dtype == "float64"
    padded = fast.unflatten(fast.flatten(parts, pad=1), numpy.asarray(lengths), pad=1)
    assert [part.tolist() for part in padded] == [part.tolist() for part in parts]

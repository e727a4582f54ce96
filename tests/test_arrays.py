"""Splitting and joining arrays."""

from typing import Any, List

import numpy
import pytest

from spacy_mtl.arrays import adjoining, cut, groups


def whole(width: int = 2048) -> numpy.ndarray:
    return numpy.arange(8 * width, dtype="float32").reshape((8, width)).copy()


def test_parts_are_joined_without_a_copy() -> None:
    array = whole()
    joined = adjoining(cut(array, [1, 3, 2]))
    assert joined is not None
    assert joined.tolist() == array[:6].tolist()
    assert numpy.shares_memory(joined, array)
    later = adjoining(cut(array, [1, 3, 4])[1:])
    assert later is not None
    assert later.tolist() == array[1:].tolist()


def test_arrays_of_a_torch_tensor() -> None:
    torch = pytest.importorskip("torch")
    array = torch.from_numpy(whole()).numpy()
    assert adjoining(cut(array, [4, 4])).tolist() == array.tolist()


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [whole()],
        [whole()[:2], whole()[2:]],
        [(a := whole())[2:4], a[:2], a[4:]],
        [(b := whole())[:2], b[3:]],
        [(c := whole())[:2], c[4:6], c[2:4], c[6:]],
        [(d := whole())[::2], d[1::2]],
        [(e := whole())[:2, :1024], e[2:, :1024]],
        [(f := whole())[:2], f[2:].view("int32")],
        [(g := whole())[:4], g[4:].reshape((2, -1))],
        [(h := whole().T)[:2], h[2:]],
        [*cut(whole(width=4), [4, 4])],
        [numpy.float32(1.0)],
    ],
)
def test_others_are_not(parts: List[Any]) -> None:
    assert adjoining(parts) is None


def test_groups() -> None:
    lengths = [3, 0, 2, 9, 1, 1, 0, 3]
    assert list(groups(lengths, 5)) == [[0, 2], [3], [4, 5, 7]]
    assert list(groups(lengths, 100)) == [[0, 2, 3, 4, 5, 7]]
    assert list(groups(lengths, 0)) == [[0], [2], [3], [4], [5], [7]]
    assert list(groups([], 5)) == list(groups([0, 0], 5)) == []

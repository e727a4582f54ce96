"""The private parts of srsly that `compat/srsly.py` uses haven't changed."""

import catalogue
import numpy
import pytest
import srsly
from srsly.msgpack import msgpack_decoders

from spacy_mtl.compat.srsly import unpack_plain


@pytest.mark.parametrize("kind", ["float32", "int64", "bool"])
def test_arrays_are_read_as_srsly_writes_them(kind: str) -> None:
    array = numpy.arange(6).reshape(2, 3).astype(kind)
    found = unpack_plain(srsly.msgpack_dumps({"a": [array, None, b"x", "y", 1.5]}))
    why = "srsly writes arrays in another format: see unpack_plain in compat/srsly.py"
    assert isinstance(found["a"][0], numpy.ndarray), why
    assert found["a"][0].dtype == array.dtype, why
    assert numpy.array_equal(found["a"][0], array), why
    assert found["a"][1:] == [None, b"x", "y", 1.5]


def test_decoders_of_other_packages_are_not_run() -> None:
    data = srsly.msgpack_dumps({"a": 1})
    calls = []
    msgpack_decoders.register("of another", func=lambda obj, chain=None: calls.append(obj) or obj)
    try:
        assert unpack_plain(data) == {"a": 1}
        assert calls == [], "srsly runs all decoders even with a custom hook"
        assert srsly.msgpack_loads(data) == {"a": 1}
        assert calls == [{"a": 1}], "srsly runs no decoders: unpack_plain may no longer be needed"
    finally:
        catalogue.REGISTRY.pop(("srsly", "msgpack_decoders", "of another"))

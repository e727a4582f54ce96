"""Saved ranges of activations that are broken, or belong to another encoder."""

from pathlib import Path
from typing import Any, Dict

import numpy
import pytest
import srsly
from cases import Case, Gives, name_of
from saved_encoders import Change, check_saved, part, refused

from spacy_mtl.encoder.saved_ranges import RANGES

LAYER = "encoder.layer.0.output.dense"


def entry(**changes: Any) -> Dict[str, Any]:
    factors, shift = numpy.ones(32, dtype="float32"), numpy.zeros(16, dtype="float32")
    found = {"low": -1.0, "high": 2.0, "factors": factors, "shift": shift, **changes}
    return {key: value for key, value in found.items() if value is not None}


def layer(name: Any = LAYER, **changes: Any) -> Change:
    return part(RANGES, {name: entry(**changes)})


def vector(n: int, value: float, dtype: str = "float32") -> numpy.ndarray:
    return numpy.full(n, value, dtype=dtype)


NO_RANGE = refused(LAYER, "no valid range")
NO_ROW = refused(LAYER, "not a row of finite float32 numbers")
CASES = [
    Case("good ranges", layer(), Gives(True)),
    Case("ranges of no layer", part(RANGES, {}), refused(RANGES, "expected a dict of layers")),
    Case("ranges that are a list", part(RANGES, [1]), refused(RANGES, "expected a dict")),
    Case("ranges that are bytes", part(RANGES, b"x"), refused(RANGES, "expected a dict")),
    Case("no ranges", part(RANGES, None), refused(RANGES, "expected a dict")),
    Case("a layer that is a number", part(RANGES, {LAYER: 1}), refused("must be a layer with")),
    Case("a layer by number", layer(3), refused("must be a layer with")),
    Case("no shift", layer(shift=None), refused(LAYER, "must be a layer with", "shift")),
    Case("more than a range", layer(code="import os"), refused(LAYER, "must be a layer with")),
    Case("a range in words", layer(low="low"), NO_RANGE),
    Case("a range of whole numbers", layer(high=2), NO_RANGE),
    Case("a range that is NaN", layer(low=float("nan")), NO_RANGE),
    Case("an infinite range", layer(high=float("inf")), NO_RANGE),
    Case("a range without 0", layer(low=0.5), NO_RANGE),
    Case("a range backwards", layer(low=0.0, high=-1.0), NO_RANGE),
    Case("factors in a list", layer(factors=[1.0] * 32), NO_ROW),
    Case("factors in float64", layer(factors=vector(32, 1.0, "float64")), NO_ROW),
    Case("factors in a square", layer(factors=numpy.ones((4, 8), dtype="float32")), NO_ROW),
    Case("infinite shifts", layer(shift=vector(16, float("inf"))), NO_ROW),
    Case("factors that are 0", layer(factors=vector(32, 0.0)), refused("not positive")),
    Case("negative factors", layer(factors=vector(32, -1.0)), refused("not positive")),
    Case("factors close to 0", layer(factors=vector(32, 1e-40)), refused("not positive")),
]
#: Found when the network is there.
OF_ANOTHER = [
    Case("factors of another layer", layer(factors=vector(16, 1.0)), refused("another network")),
    Case("a layer that isn't there", layer("encoder.layer.7"), refused("no linear layer")),
    Case("a layer that isn't linear", layer("embeddings"), refused("no linear layer 'embeddings'")),
    Case("the network itself", layer(""), refused("no linear layer")),
    Case("a path", layer("../../x"), refused("no linear layer")),
]


@pytest.mark.parametrize("case", [*CASES, *OF_ANOTHER], ids=name_of)
def test_saved_ranges(
    case: Case, saved: bytes, encoder_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_saved(case, saved, encoder_dir, tmp_path, monkeypatch)


@pytest.mark.parametrize("case", CASES[1:], ids=name_of)
def test_problems_found_without_building(case: Case, saved: bytes) -> None:
    from spacy_mtl.encoder.saved import problems_of_shim

    message = srsly.msgpack_loads(saved)
    case.given(message)
    assert problems_of_shim(srsly.msgpack_dumps(message))

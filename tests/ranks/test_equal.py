"""Two ranks learn the same as one that is given the texts of both."""

from typing import Any, Dict, List

import numpy
import pytest
from ranked_cases import CASES
from ranked_steps import run_on_ranks

#: Attention is the same with any: its gradient is rounding noise, which Adam amplifies.
KEY_BIAS = "key.bias"
Found = List[Dict[str, Any]]


@pytest.fixture(scope="module")
def found(encoder_dir: str, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """All cases, on two ranks: they are started once."""
    return run_on_ranks(tmp_path_factory.mktemp("ranks"), encoder_dir)


@pytest.mark.parametrize("name", CASES)
def test_ranks_are_as_one(name: str, found: Found, encoder_dir: str) -> None:
    # What is sent in bfloat16 has 8 bits.
    tolerance = 1e-5 if CASES[name].kind == "float32" else 2e-2
    one = CASES[name].run(encoder_dir)
    first, second = (each[name] for each in found)
    moved = 0.0
    for address, expected in one["values"].items():
        assert numpy.array_equal(first["values"][address], second["values"][address]), address
        if CASES[name].adam and address.endswith(KEY_BIAS):
            continue
        assert numpy.abs(first["values"][address] - expected).max(initial=0.0) < tolerance, address
        moved = max(moved, numpy.abs(expected - one["before"][address]).max(initial=0.0))
    assert moved > 1e-2
    for each in (first, second):
        assert each["losses"] == pytest.approx(one["losses"], rel=100 * tolerance)

"""Numbers as text, alone and in a table."""

from typing import List

import pytest

from spacy_mtl.report.numbers import alike, compact


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1.00"),
        (2, "2.00"),
        (0.01234, "0.0123"),
        (0.00123, "0.00123"),
        (0.0009999, "1.00e-3"),
        (12.345, "12.3"),
        (9.999, "10.00"),
        (12345.6, "12346"),
        (1.234e5, "1.23e5"),
        (1.234e20, "1.23e20"),
        (1.234e-30, "1.2e-30"),
        (-0.5, "-0.500"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_compact(value: float, text: str) -> None:
    assert compact(value) == text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1.0, 0.0, -3.0], ["1", "0", "-3"]),
        ([0.5, 1.0, -0.25], ["0.500", "1.000", "-0.250"]),
        ([0.5, -0.0001, 0.0], ["0.500", "0.000", "0.000"]),
        ([999.5, 1.0], ["999.500", "1.000"]),
        ([0.001, 2e-7], ["0.00100", "2.00e-7"]),
        ([12345.5, 0.5], ["12346", "0.500"]),
        ([float("nan"), 0.5, float("-inf")], ["nan", "0.500", "-inf"]),
        ([float("nan"), 1.0], ["nan", "1"]),
        ([-0.0, 0.0], ["0", "0"]),
        ([1e20, 1.0], ["1.00e20", "1.00"]),
    ],
)
def test_alike(values: List[float], texts: List[str]) -> None:
    assert alike([values[:1], values[1:]]) == [texts[:1], texts[1:]]


def test_no_numbers() -> None:
    assert alike([]) == []
    assert alike([[], []]) == [[], []]

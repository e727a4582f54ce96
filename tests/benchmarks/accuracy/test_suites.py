"""The suites, and changes of them."""

from typing import Any

import pytest


def test_change_of_no_field(benchmark_module: Any) -> None:
    with pytest.raises(SystemExit, match="'colour' is no field of a suite"):
        benchmark_module("accuracy.suites").parse_change("colour=1")

"""Suites and changes to them."""

from typing import Any

import pytest


def test_change_of_unknown_field(benchmark_module: Any) -> None:
    with pytest.raises(SystemExit, match="Suites have no field 'colour', only corpus"):
        benchmark_module("accuracy.suites").parse_change("colour=1")

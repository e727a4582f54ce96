"""Suites and changes to them."""

from typing import Any

import pytest


def test_change_of_unknown_field(benchmark_module: Any) -> None:
    with pytest.raises(SystemExit, match="Suites have no field 'colour', only corpus"):
        benchmark_module("accuracy.suites").parse_change("colour=1")


def test_change_to_a_string_without_quotes(benchmark_module: Any) -> None:
    with pytest.raises(SystemExit, match="A string has quotes: 'precision=\"auto\"'"):
        benchmark_module("accuracy.suites").parse_change("precision=auto")

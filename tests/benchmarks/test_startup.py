"""The time that spaCy's command line takes to start, with and without this package."""

from typing import Any

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("entry_points", ["with", "without"])
def test_start(benchmark_module: Any, entry_points: str) -> None:
    """It ends with an error if the commands are there, but should not be, or the reverse."""
    module = benchmark_module("startup")
    before = module.seconds_of_children()
    module.start(entry_points, "--help")()
    assert module.seconds_of_children() > before


def test_wrong_start(benchmark_module: Any) -> None:
    with pytest.raises(SystemExit, match="no-such-command failed"):
        benchmark_module("startup").start("with", "no-such-command")()


def test_report(benchmark_module: Any, capsys: pytest.CaptureFixture) -> None:
    module = benchmark_module("startup")
    module.report({module.WITHOUT: [2.0, 4.0], module.WITH: [2.2, 4.0], module.AGAIN: [2.0, 4.0]})
    printed = capsys.readouterr().out
    assert "| without the package | 3.00 | – |" in printed
    assert "| with the package | 3.10 | +5.0 % (+0.0 to +10.0) |" in printed
    assert "Medians of 2 turns" in printed

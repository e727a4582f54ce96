"""Makes the benchmarks importable: they are next to the package, not in it."""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Callable

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def benchmark_module(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a module of the benchmarks: benchmark_module("accuracy.runs")."""
    monkeypatch.syspath_prepend(ROOT)
    return lambda name: import_module(f"benchmarks.{name}")

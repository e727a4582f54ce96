"""The tables of weighting methods."""

from typing import Any

import pytest
from methods import BY_GRADIENTS, NAMES

from spacy_mtl.registry import registry


def needs_rows(name: str) -> bool:
    return bool(registry.mtl_weightings.get(f"spacy_mtl.{name}.v1").needs_rows)


@pytest.mark.parametrize("place", ["representation", "parameters", "measured"])
def test_runs_of_a_table(benchmark_module: Any, place: str) -> None:
    """Each method that the place makes a difference for, with three seeds at the parameters."""
    module = benchmark_module("weighting")
    found = list(module.all_runs(place, ["gum-weighting"]))
    runs = [run for _, run in found]
    assert len(set(runs)) == len({run.name for run in runs}) == len(runs)
    methods = {run.plan.method for title, run in found if title in module.methods_at(place)}
    if place == "representation":
        assert methods == set(NAMES) - {"Balanced", "Constant"}
        return
    kept = BY_GRADIENTS if place == "parameters" else [n for n in BY_GRADIENTS if not needs_rows(n)]
    assert methods == set(kept)
    for title, run in found:
        if title in module.methods_at(place):
            assert run.plan.gradients == "parameters"
            assert run.plan.every == (None if place == "parameters" else "auto")
            assert [r.seed for t, r in found if t == title] == [0, 1, 2]

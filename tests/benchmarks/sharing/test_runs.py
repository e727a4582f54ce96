"""The runs of the comparison, and their order."""

import json
from dataclasses import asdict
from typing import Any

import pytest

SCHEMES = ["HardSharing", "MMoE", "PLE"]


@pytest.fixture
def runs(benchmark_module: Any) -> Any:
    return benchmark_module("sharing.runs")


def test_runs_of_a_seed_come_before_the_next(runs: Any) -> None:
    found = list(runs.runs_of(["gum", "snips", "three"], "subset", SCHEMES, 2))
    assert len(found) == 2 * ((3 + 3) + (3 + 2) + (3 + 3))
    assert [run.seed for run in found] == sorted(run.seed for run in found)
    assert [run.suite for run in found[:17]] == ["gum"] * 6 + ["snips"] * 5 + ["three"] * 6
    assert [run.contestant for run in found[:6]] == [*SCHEMES, *["each task alone"] * 3]
    assert len({run.name for run in found}) == len(found)


@pytest.mark.parametrize("suite", ["gum", "snips", "three"])
def test_budgets(runs: Any, suite: str) -> None:
    """The subset takes fewer texts, more often. A task alone has as many passes."""
    settings = {}
    for budget in ("full", "subset"):
        joint, *_, alone = runs.runs_of([suite], budget, ["HardSharing"], 1)
        settings[budget] = runs.settings_of(joint)
        assert runs.settings_of(alone)["epochs"] == settings[budget]["epochs"]
    assert [settings[budget]["epochs"] for budget in ("full", "subset")] == [3, 4]
    full, subset = (settings[budget] for budget in ("full", "subset"))
    assert full != subset
    limits = ("limit", "limits", "epochs")
    assert subset["scheme"] == {}
    assert all(full[key] == subset[key] for key in full if key not in limits)


def test_run_survives_the_file_of_results(runs: Any) -> None:
    for run in runs.runs_of(["gum", "three"], "full", SCHEMES, 1):
        assert runs.make_run(json.loads(json.dumps(asdict(run)))) == run

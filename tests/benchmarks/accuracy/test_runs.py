"""The runs of a suite. No test of the benchmarks trains them."""

import json
from dataclasses import asdict
from typing import Any


def test_runs_of_a_suite(benchmark_module: Any) -> None:
    runs_of = benchmark_module("accuracy.runs").runs_of
    runs = list(runs_of("gum-short", ["ours-joint", "ours-alone"], [0, 1], ()))
    assert len(runs) == 2 * (1 + 3)
    assert len({run.name for run in runs}) == len(runs)


def test_change_survives_the_file_of_results(benchmark_module: Any) -> None:
    runs, suites = (benchmark_module(f"accuracy.{name}") for name in ("runs", "suites"))
    changes = tuple(map(suites.parse_change, ["hidden_width=null", 'weights={"ner":2.0}']))
    run = runs.Run("gum-short", "ours-joint", suites.PIPES, 0, changes)
    assert runs.make_run(json.loads(json.dumps(asdict(run)))) == run
    assert runs.settings_of(run)["weights"] == {"ner": 2.0}

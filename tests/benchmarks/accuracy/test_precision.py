"""Training in bfloat16 beside float32."""

from typing import Any


def test_differences_are_within_a_seed(benchmark_module: Any) -> None:
    precision = benchmark_module("accuracy.precision")
    scores = {("fp32", 0): 50.0, ("bf16", 0): 51.0, ("fp32", 1): 60.0, ("bf16", 1): 58.5}
    scores["fp32", 2] = 90.0
    results = {
        precision.make("gum-short", seed, name): {"scores": {"ents_f": score}}
        for (name, seed), score in scores.items()
    }
    assert precision.differences(results, "gum-short", "ents_f") == [(50.0, 1.0), (60.0, -1.5)]
    assert precision.differences(results, "snips-short", "ents_f") == []


def test_runs_differ_in_nothing_but_the_precision(benchmark_module: Any) -> None:
    precision, runs = (benchmark_module(f"accuracy.{name}") for name in ("precision", "runs"))
    made = precision.precision_runs(["gum-short", "snips-short"], [0, 1])
    assert len(set(made)) == 8
    assert len({run.name for run in made}) == 8
    exact, rough = made[:2]
    assert (exact.plan.precision, rough.plan.precision) == ("fp32", "bf16")
    assert {**runs.settings_of(exact), "precision": "bf16"} == runs.settings_of(rough)

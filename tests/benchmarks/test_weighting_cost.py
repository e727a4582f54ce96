"""The cost of weightings, which take turns on one pipeline."""

import os
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import Any, List

import pytest
from thinc.api import Adam
from tiny_corpus import make_examples

ROOT = Path(__file__).parents[2]


def test_weightings_take_turns(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, make_nlp: Any, tmp_path: Path
) -> None:
    """Each trains with its own method, at its own level of gradients."""
    cost = benchmark_module("weighting_cost")
    nlp = make_nlp()
    given = nlp, {"optimizer": Adam(0.001)}, cycle([make_examples(nlp)])
    monkeypatch.setattr(cost, "prepare", lambda *args: given)
    titles = ["Constant", "PCGrad, at the parameters", "Balanced, measured now and then"]
    todo = {title: cost.contestants_of([])[title] for title in titles}
    training = cost.Training("encoder", tmp_path, 2)
    spent: List[float] = []
    places = []
    for title in titles * 2:
        training.contestant(title, todo[title], spent)()
        mtl = nlp.get_pipe("mtl")
        places.append((mtl.gradients, mtl.every))
    assert places == [("representation", None), ("parameters", None), ("parameters", "auto")] * 2
    assert len(spent) == 6
    assert all(seconds > 0 for seconds in spent)


def test_processor_time(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Other work on the machine doesn't count if one asks for that."""
    cost = benchmark_module("weighting_cost")
    clocks = []
    monkeypatch.setattr(cost, "Training", lambda *args: None)
    monkeypatch.setattr(
        cost, "measure_time", lambda todo, training, turns, clock: clocks.append(clock)
    )
    for options in ([], ["--processor-time"]):
        argv = ["weighting_cost", "--encoder", "none", "--memory-turns", "0", *options]
        monkeypatch.setattr(sys, "argv", argv)
        cost.main()
    assert clocks == [time.perf_counter, time.process_time]


def test_memory_of_the_parent_does_not_count(benchmark_module: Any) -> None:
    """A new process begins with its own memory, however large the one is that starts it."""
    ballast = bytearray(500 * 2**20)
    code = "from benchmarks.speed.one import peak_memory; print(peak_memory())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < len(ballast) / 2**20
    assert benchmark_module("weighting_cost").peak_memory() > 500

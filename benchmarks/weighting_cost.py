"""Measure what each weighting adds to a training step on GUM, relative to Constant.

    python -m benchmarks.weighting_cost           # time and memory of all
    python -m benchmarks.weighting_cost --only PCGrad MGDA --turns 9
    python -m benchmarks.weighting_cost --only Balanced --batches 28

One pipeline (configs/joint.cfg: tags, entities, genre) trains on the same batches with each
weighting in turn: forward, backward, Adam. Prints the milliseconds spent in the weighting,
their share of a step with Constant, and the whole step relative to Constant within a turn:
the first two are exact to a fraction of a percent, the third has the noise of the machine.
Memory is the peak of a fresh process, also in turns, which only sees the solvers that the
method needs: torchjd imports all that are installed. With every = "auto" and three tasks, one of
28 steps measures, so take as many. On a machine with other work:

    export OMP_NUM_THREADS=1
    python -m benchmarks.weighting_cost --only Balanced --batches 28 --processor-time
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

from . import timing
from .accuracy.by_hand import prepare, take_step
from .accuracy.runs import Run
from .accuracy.suites import PIPES
from .places import ROOT, WORK, default_encoder
from .speed.one import peak_memory
from .weighting import SETTINGS

#: Measured in addition to each method at the shared representation.
VARIANTS: Dict[str, Dict[str, Any]] = {
    "Constant": {},
    "Constant, at the parameters": {"gradients": "parameters"},
    "PCGrad, at the parameters": {"gradients": "parameters"},
    "DBMTL, at the parameters": {"gradients": "parameters"},
    "Balanced, at the parameters": {"gradients": "parameters"},
    "Balanced, measured now and then": {"gradients": "parameters", "every": "auto"},
    "FAMO, recompute": {"learn_rate": 0.025, "recompute": True},
}
N_BATCHES = 6
SOLVERS = ("cvxpy", "qpsolvers", "quadprog", "scipy")


def contestants_of(only: List[str]) -> Dict[str, Dict[str, Any]]:
    """RETURNS (Dict[str, Dict[str, Any]]): The settings of what to measure, by title."""
    found = {"Constant": VARIANTS["Constant"]}
    for title, settings in {**SETTINGS, **VARIANTS}.items():
        if not only or title.split(",")[0] in only:
            found[title] = settings
    return found


class Training:
    """The GUM pipeline in training, with an exchangeable weighting."""

    def __init__(self, encoder: str, work: Path, n_batches: int = N_BATCHES) -> None:
        run = Run("gum-short", "ours-joint-equal", PIPES, 0)
        self.nlp, training, batches = prepare(run, encoder, work)
        self.batches = [next(batches) for _ in range(n_batches)]
        self.sgd = training["optimizer"]

    def contestant(self, title: str, settings: Dict[str, Any], spent: List[float]) -> Callable:
        """Make a contestant that trains a few steps with a weighting.

        title (str): The name of the method, and any comment after a comma.
        settings (Dict[str, Any]): The settings of the method, and "gradients".
        spent (List[float]): Collects the seconds spent in the weighting, by round.
        RETURNS (Callable[[], None]): Trains a step on each batch.
        """
        weighting, level, every = make_weighting(title, settings)
        if hasattr(weighting, "check_training"):
            weighting.check_training(level)
        timed = _Timed(weighting)
        mtl = self.nlp.get_pipe("mtl")

        def run() -> None:
            timed.seconds = 0.0
            mtl.weighting, mtl.every = timed, None
            mtl.gradients, mtl.every = level, every
            for batch in self.batches:
                take_step(self.nlp, batch, self.sgd, drop=0.1)
            spent.append(timed.seconds)

        return run


def make_weighting(title: str, settings: Dict[str, Any]) -> Tuple[Any, str, Any]:
    """RETURNS (Tuple[Weighting, str, Any]): The weighting of a title, its level of gradients, and
    the steps between measurements.
    """
    from spacy_mtl.registry import registry

    block = {"@mtl_weightings": f"spacy_mtl.{title.split(',')[0]}.v1", **settings}
    level = block.pop("gradients", "representation")
    every = block.pop("every", None)
    return registry.resolve({"weighting": block})["weighting"], level, every


class _Timed:
    """Wraps a weighting and times it."""

    def __init__(self, weighting: Any) -> None:
        self._weighting = weighting
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._weighting, name)

    def __call__(self, losses: Any, gradients: Any) -> Any:
        timing.wait_for_gpu()
        started = time.perf_counter()
        combined = self._weighting(losses, gradients)
        timing.wait_for_gpu()
        self.seconds += time.perf_counter() - started
        return combined


def measure_time(
    todo: Dict[str, Dict[str, Any]], training: Training, turns: int, clock: Callable[[], float]
) -> None:
    """Print and save the time that each weighting takes."""
    n_batches = len(training.batches)
    spent: Dict[str, List[float]] = {title: [] for title in todo}
    made = {t: training.contestant(t, settings, spent[t]) for t, settings in todo.items()}
    seconds = timing.measure(made, turns, clock)
    ratios = timing.ratios(seconds, "Constant")
    step = statistics.median(seconds["Constant"]) / n_batches
    own = {title: statistics.median(values[1:]) / n_batches for title, values in spent.items()}
    print(f"\n### Time of a training step with Constant: {1000 * step:.0f} ms\n")
    print("| | ms in the weighting | share of a step over Constant | whole step, relative |")
    print("| --- | --- | --- | --- |")
    for title in todo:
        share = 100 * (own[title] - own["Constant"]) / step
        whole = timing.spread([1 / ratio for ratio in ratios[title]])
        print(f"| {title} | {1000 * own[title]:.2f} | {share:.1f} % | {whole} |")
    print(f"\n{timing.machine()}")
    timing.keep({"title": "weighting, time", "step": step, "spent": own, "seconds": seconds})


def measure_memory(todo: Dict[str, Dict[str, Any]], encoder: str, work: Path, turns: int) -> None:
    """Print and save the peak memory of a process that trains with each weighting."""
    peaks: Dict[str, List[float]] = {title: [] for title in todo}
    for _ in range(turns):
        for title, settings in todo.items():
            spec = json.dumps([title, settings])
            command = [sys.executable, "-m", "benchmarks.weighting_cost", "--one", spec]
            command += ["--encoder", encoder, "--work", str(work)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            peaks[title].append(float(done.stdout.split()[-1]))
    first = statistics.median(peaks["Constant"])
    print("\n### Peak memory of a training\n\n| | MiB | relative to Constant |")
    print("| --- | --- | --- |")
    for title, found in peaks.items():
        print(f"| {title} | {timing.spread(found, 0)} | {statistics.median(found) / first:.3f} |")
    timing.keep({"title": "weighting, memory", "mib": peaks})


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], help="names of methods")
    parser.add_argument("--turns", type=int, default=9, help="turns of timing")
    parser.add_argument("--batches", type=int, default=N_BATCHES, help="steps of a turn")
    parser.add_argument("--memory-turns", type=int, default=3, help="turns of memory")
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="time the processor, for a machine with other work (set OMP_NUM_THREADS=1)",
    )
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--one", help="(used for memory)")
    args = parser.parse_args()
    encoder = args.encoder or default_encoder()
    if args.one:
        title, settings = json.loads(args.one)
        if not getattr(make_weighting(title, settings)[0], "solvers", ()):
            # Make importing them fail.
            sys.modules.update(dict.fromkeys(SOLVERS))  # type: ignore[arg-type]
        Training(encoder, args.work).contestant(title, settings, [])()
        print(peak_memory())
        return
    todo = contestants_of(args.only)
    if args.turns:
        clock = time.process_time if args.processor_time else time.perf_counter
        measure_time(todo, Training(encoder, args.work, args.batches), args.turns, clock)
    if args.memory_turns:
        measure_memory(todo, encoder, args.work, args.memory_turns)


if __name__ == "__main__":
    main()

"""Compare training by two ranks with one process, and estimate what more ranks would gain."""

import json
import os
import statistics
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

from .. import timing
from ..finished import add_finished
from ..places import RESULTS, ROOT, python_path
from .steps import Plan, title_of

PATH = RESULTS / "ranks.jsonl"
#: The number of threads of each process, by title. The first one is compared with; the last one
#: are two trainings that have nothing to do with each other, each on half of a batch: what the
#: machine's two cores can do at all.
CONTESTANTS = {
    "one process, one thread": 1,
    "one process, two threads": 2,
    "two ranks, one thread each": 1,
    "two processes apart": 1,
}
FIRST, THREADS, LAST, APART = CONTESTANTS
N_RANKS = 2
#: Steps before the first turn: memory is found, and libraries are loaded.
N_WARMUP = 3
Seconds = Dict[str, List[Dict[str, float]]]
#: Of the estimate: the ranks, and what a rank sends and receives in a second, in bytes.
ESTIMATED, BANDWIDTHS = (2, 4, 8, 16, 32, 64), {"10 Gbit/s": 1.25e9, "100 Gbit/s": 12.5e9}


class Asked:
    """Processes that train together, and take steps when they are asked to.

    processes (Sequence[Popen]): The processes, by rank.
    """

    def __init__(self, processes: Sequence[Any]) -> None:
        self._processes = processes

    def ask(self, n_steps: int, n_threads: int) -> None:
        """Let them take steps."""
        for process in self._processes:
            process.stdin.write(f"{n_steps} {n_threads}\n")
            process.stdin.flush()

    def answer(self) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): What the steps took: see `benchmarks.scale.steps.answers`."""
        line = self._processes[0].stdout.readline()
        if not line:
            raise RuntimeError("A process of the benchmark has ended: see its error above.")
        return json.loads(line)


@contextmanager
def started(plan: Plan, n_ranks: int) -> Iterator[Asked]:
    """Start the processes of a training.

    plan (Plan): What is trained.
    n_ranks (int): Their number.
    YIELDS (Asked): The processes. They end when the block does.
    """
    from torch.distributed.elastic.utils.distributed import get_free_port

    from spacy_mtl.ranks.torch_group import environment_of

    port = get_free_port()
    command = [sys.executable, "-m", "benchmarks.scale.steps", json.dumps(asdict(plan))]
    environ = {**os.environ, "PYTHONPATH": python_path(), "TOKENIZERS_PARALLELISM": "false"}
    with ExitStack() as stack:
        processes = []
        for rank in range(n_ranks):
            own = environment_of(rank, n_ranks, port) if n_ranks > 1 else {}
            process = stack.enter_context(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env={**environ, **own},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            processes.append(process)
        yield Asked(processes)
        for process in processes:
            process.stdin.close()
        for process in processes:
            process.wait(60)


def compare(plan: Plan, n_steps: int, turns: int) -> Seconds:
    """Let one process, with one thread or two, two ranks, and two processes apart train in turns.

    plan (Plan): What is trained.
    n_steps (int): The number of steps of a turn.
    turns (int): The number of turns.
    RETURNS (Dict[str, List[Dict[str, float]]]): What each has taken, by turn.
    """
    found: Seconds = {title: [] for title in CONTESTANTS}
    half = replace(plan, size=plan.size // N_RANKS)
    with ExitStack() as stack:
        one, ranks = (stack.enter_context(started(plan, n)) for n in (1, N_RANKS))
        apart = [stack.enter_context(started(half, 1)) for _ in range(N_RANKS)]
        asked = {FIRST: [one], THREADS: [one], LAST: [ranks], APART: apart}
        for title in CONTESTANTS:
            take(asked[title], N_WARMUP, 1)
        for _, title in timing.in_turn(CONTESTANTS, turns):
            found[title].append(take(asked[title], n_steps, CONTESTANTS[title]))
    return found


def take(some: Sequence[Asked], n_steps: int, n_threads: int) -> Dict[str, float]:
    """RETURNS (Dict[str, float]): What steps took, on average over those who took them at once."""
    for each in some:
        each.ask(n_steps, n_threads)
    answers = [each.answer() for each in some]
    return {key: statistics.mean(answer[key] for answer in answers) for key in answers[0]}


def run(plans: Mapping[Plan, int], turns: int) -> None:
    """Measure, and add the figures to the results.

    plans (Mapping[Plan, int]): What is trained, with the number of steps of a turn.
    turns (int): The number of turns.
    """
    for plan, n_steps in plans.items():
        turn_by_turn = compare(plan, n_steps, turns)
        kept = {key: value for key, value in asdict(plan).items() if key not in ("encoder", "work")}
        add_finished(PATH, {**kept, "turns": turn_by_turn, "machine": timing.machine()})
        print(f"{title_of(plan.precision, plan.size, plan.unit)}: done", flush=True)


def load() -> Dict[str, Dict[str, Any]]:
    """RETURNS (Dict[str, Dict[str, Any]]): The last row of each plan, by its title."""
    lines = PATH.read_text(encoding="utf8").splitlines() if PATH.exists() else []
    rows = [json.loads(line) for line in lines]
    return {title_of(row["precision"], row["size"], row["unit"]): row for row in rows}


def median(turns: Sequence[Dict[str, float]], key: str = "step") -> float:
    """RETURNS (float): The median over the turns, in seconds."""
    return statistics.median(turn[key] for turn in turns)


def estimate(turns: Seconds, n_ranks: int, bandwidth: Optional[float] = None) -> float:
    """Estimate the speed of some ranks, each with a thread and half of the measured batch.

    A step takes what one process computes for half a batch, what the optimizer takes, which does
    not shrink, and the time for each rank to send and receive 2 (n - 1) / n of the gradients. None
    waits for another.

    turns (Dict[str, List[Dict[str, float]]]): What was measured.
    n_ranks (int): The number of ranks.
    bandwidth (Optional[float]): What each sends, and receives at the same time, in bytes per
        second. None for ranks on this machine, which compute as fast as two processes apart, and
        add up as fast as was measured.
    RETURNS (float): Texts per second, relative to one process with one thread.
    """
    one = median(turns[FIRST])
    if bandwidth is None:
        step = median(turns[APART]) + median(turns[LAST], "sum")
    else:
        optimizer = median(turns[FIRST], "optimizer")
        n_bytes = 4 * median(turns[LAST], "values")
        sending = 2 * (n_ranks - 1) / n_ranks * n_bytes / bandwidth
        step = (one - optimizer) / N_RANKS + optimizer + sending
    return n_ranks / N_RANKS * one / step


def report() -> None:
    """Print a table of measured ratios, and one of estimates."""
    rows = load()
    print("\n| precision, batch | " + " | ".join(CONTESTANTS) + " | ms a step, the first |")
    print("| --- |" + " --- |" * (len(CONTESTANTS) + 1))
    for title, row in rows.items():
        seconds = {name: [each["step"] for each in t] for name, t in row["turns"].items()}
        cells = [timing.spread(found) for found in timing.ratios(seconds, FIRST).values()]
        first = 1000 * median(row["turns"][FIRST])
        print(f"| {title} | {' | '.join(cells)} | {first:.0f} |")
    print("\nSpeed relative to one process with one thread: medians of the turns (range).")
    print(f"\n| {LAST}: of a step | optimizer | gradients added up, with waiting | without |")
    print("| --- | --- | --- | --- |")
    for title, row in rows.items():
        turns = row["turns"][LAST]
        shares = (median(turns, part) / median(turns) for part in ("optimizer", "reduction", "sum"))
        print(f"| {title} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |")
    print("\n| estimated | measured, 2 | estimated, 2 | " + " | ".join(_estimated()) + " |")
    print("| --- |" + " --- |" * (2 + len(_estimated())))
    for title, row in rows.items():
        turns = row["turns"]
        measured = median(turns[FIRST]) / median(turns[LAST])
        cells = [f"{measured:.2f}", f"{estimate(turns, N_RANKS):.2f}"]
        cells += [f"{estimate(turns, n, b):.1f}" for b in BANDWIDTHS.values() for n in ESTIMATED]
        print(f"| {title} | {' | '.join(cells)} |")
    print("\nEach rank with half of the batch. Estimated, 2: by two processes apart, and the time")
    print("that two ranks here take to add up the gradients when neither waits. The others: on")
    print("machines of their own, by a network.")
    machines = sorted({row["machine"] for row in rows.values()})
    print("\n" + "\n".join(machines))


def _estimated() -> List[str]:
    return [f"{n} ranks, {name}" for name in BANDWIDTHS for n in ESTIMATED]

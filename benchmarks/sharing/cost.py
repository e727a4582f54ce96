"""What the schemes cost: parameters, time and memory."""

import statistics
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import Any, Dict, List, Sequence

from .. import timing
from ..accuracy.by_hand import prepare, take_step
from ..accuracy.runs import Run
from ..accuracy.suites import PIPES
from ..places import ROOT
from ..speed.contestants import gold_docs
from ..speed.one import peak_memory
from .schemes import BASELINE

#: A second pipeline with the same scheme, which shows how exact the times are.
AGAIN = f"{BASELINE}, again"
N_BATCHES, N_TEXTS = 8, 48
#: How much longer a training step and an inference may take than with hard sharing.
LIMITS = {"PLE": (1.25, 1.15), "Sluice": (1.25, 1.15)}
LIMIT = (1.15, 1.10)


class Pipeline:
    """A pipeline for GUM (tags, entities, genre) with a scheme, to train and to predict with.

    scheme (str): The name of the scheme.
    precision (str): The precision of encoder and scheme.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora.
    """

    def __init__(self, scheme: str, precision: str, encoder: str, work: Path) -> None:
        changes = (
            ("scheme", scheme),
            ("precision", precision),
            # The heads of the shipped config.
            ("hidden_width", None),
            ("limit", 200),
        )
        run = Run("gum", "ours-joint", PIPES, 0, changes)
        self.nlp, training, batches = prepare(run, encoder, work)
        self._batches = cycle([next(batches) for _ in range(N_BATCHES)])
        self._sgd = training["optimizer"]
        self._texts = [doc.text for doc in gold_docs("gum", "test", N_TEXTS, work)]

    @property
    def n_parameters(self) -> int:
        """RETURNS (int): The number of parameters of the scheme itself."""
        from spacy_mtl.parameters import slots_of_model, unique

        sharing = self.nlp.get_pipe("mtl").model.get_ref("sharing")
        return sum(slot.size for slot in unique(slots_of_model(sharing)))

    @property
    def n_words(self) -> int:
        """RETURNS (int): The number of words that `predict` reads."""
        return sum(len(self.nlp.make_doc(text)) for text in self._texts)

    def train(self) -> None:
        """Take a training step: forward, backward, Adam."""
        take_step(self.nlp, next(self._batches), self._sgd, drop=0.1)

    def predict(self) -> None:
        """Annotate all texts, from their raw form."""
        for _ in self.nlp.pipe(self._texts):
            pass


def measure_memory(scheme: str, precision: str, encoder: str, work: Path) -> float:
    """RETURNS (float): The peak memory, in MiB, of this process when it trains and predicts."""
    pipeline = Pipeline(scheme, precision, encoder, work)
    for _ in range(N_BATCHES):
        pipeline.train()
    pipeline.predict()
    return peak_memory()


def memory_of(scheme: str, precision: str, encoder: str, work: Path) -> float:
    """RETURNS (float): The peak memory of a process of its own, see `measure_memory`."""
    command = [sys.executable, "-m", "benchmarks.sharing", "memory", scheme]
    command += [precision, encoder, str(work)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.split()[-1])


def compare(
    schemes: Sequence[str],
    repeats: int,
    threads: int,
    precision: str,
    encoder: str,
    work: Path,
) -> None:
    """Print a table of what schemes cost, relative to hard sharing.

    schemes (Sequence[str]): The schemes to compare.
    repeats (int): How often each takes a step and predicts, in turn.
    threads (int): The number of threads. With one, the processor's time counts, so that other work
        on the machine hardly matters.
    precision (str): The precision of encoder and scheme.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora.
    """
    import torch

    torch.set_num_threads(threads)
    work.mkdir(parents=True, exist_ok=True)
    names = [BASELINE, *(name for name in schemes if name != BASELINE)]
    memory = {name: memory_of(name, precision, encoder, work) for name in names}
    made = {name: Pipeline(name, precision, encoder, work) for name in names}
    made[AGAIN] = Pipeline(BASELINE, precision, encoder, work)
    clock = time.process_time if threads == 1 else time.perf_counter
    jobs = {
        "training": {name: pipeline.train for name, pipeline in made.items()},
        "inference": {name: pipeline.predict for name, pipeline in made.items()},
    }
    seconds = {
        job: timing.measure(contestants, repeats, clock, alternate=True)
        for job, contestants in jobs.items()
    }
    sizes = {name: pipeline.n_parameters for name, pipeline in made.items()}
    _print_table(seconds, sizes, memory, made[BASELINE].n_words)
    which = "processor time" if threads == 1 else "time on the clock"
    print(
        f"\nMedian (lowest to highest) of {repeats} turns, {which}, {precision}. {timing.machine()}"
    )
    timing.keep(
        {
            "title": "sharing",
            "precision": precision,
            "seconds": seconds,
            "parameters": sizes,
            "mib": memory,
        }
    )


def _print_table(
    seconds: Dict[str, Dict[str, List[float]]],
    sizes: Dict[str, int],
    memory: Dict[str, float],
    n_words: int,
) -> None:
    step, inference = (statistics.median(found[BASELINE]) for found in seconds.values())
    print("| | parameters | training step | inference | peak memory | |")
    print("| --- | --- | --- | --- | --- | --- |")
    print(
        f"| {BASELINE} | {sizes[BASELINE]:,} | {1000 * step:.0f} ms | "
        f"{n_words / inference:,.0f} words/s | {memory[BASELINE]:.0f} MiB | |"
    )
    slower = {job: _slower(found) for job, found in seconds.items()}
    for name in sizes:
        if name == BASELINE:
            continue
        found = [slower[job][name] for job in seconds]
        cells = [f"{statistics.median(x):.3f} ({min(x):.2f}–{max(x):.2f})" for x in found]
        mib = f"{memory[name] / memory[BASELINE]:.3f}" if name in memory else "–"
        limits = LIMITS.get(name, LIMIT)
        over = any(statistics.median(x) > limit for x, limit in zip(found, limits))
        verdict = f"over {limits[0]:.2f} or {limits[1]:.2f}" if over else ""
        print(f"| {name} | {sizes[name]:,} | {' | '.join(cells)} | {mib} | {verdict} |")


def _slower(seconds: Dict[str, List[float]]) -> Dict[str, List[float]]:
    faster: Dict[str, Any] = timing.ratios(seconds, BASELINE)
    return {name: [1 / ratio for ratio in ratios] for name, ratios in faster.items()}

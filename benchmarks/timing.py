"""Fair timing: contestants take turns and are compared within each turn."""

import json
import os
import platform
import statistics
import time
from typing import Callable, Collection, Dict, Iterator, List, Sequence, Tuple

from . import places
from .processor import features

RESULTS = places.RESULTS / "speed.jsonl"

#: Does the work to be timed, once.
Contestant = Callable[[], None]


def measure(
    contestants: Dict[str, Contestant],
    turns: int,
    clock: Callable[[], float] = time.perf_counter,
    alternate: bool = False,
) -> Dict[str, List[float]]:
    """Time contestants in turn, after a round that is not counted.

    contestants (Dict[str, Callable[[], None]]): The contestants by name.
    turns (int): The number of turns.
    clock (Callable[[], float]): Returns the time in seconds.
    alternate (bool): Whether to reverse the order in every other turn, so that no contestant
        always comes at the same distance after another.
    RETURNS (Dict[str, List[float]]): The seconds of each turn.
    """
    seconds: Dict[str, List[float]] = {name: [] for name in contestants}
    for turn, name in in_turn(contestants, turns + 1, alternate):
        started = clock()
        contestants[name]()
        wait_for_gpu()
        if turn:
            seconds[name].append(clock() - started)
    return seconds


def in_turn(
    names: Collection[str], turns: int, alternate: bool = True
) -> Iterator[Tuple[int, str]]:
    """YIELDS (Tuple[int, str]): A turn, from 0, and whose it is: see `measure`."""
    for turn in range(turns):
        for name in list(names)[:: -1 if alternate and turn % 2 else 1]:
            yield turn, name


def set_threads(n: int) -> None:
    """Set the number of threads of torch, and of libraries that are not yet loaded.

    n (int): The number of threads.
    """
    for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = str(n)
    import torch

    torch.set_num_threads(n)


def wait_for_gpu() -> None:
    """Wait for the GPU to finish, if there is one."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def spread(values: Sequence[float], digits: int = 2) -> str:
    """RETURNS (str): The median, and the lowest and highest."""
    middle, low, high = (
        f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values))
    )
    return f"{middle} ({low}–{high})"


def ratios(seconds: Dict[str, List[float]], of: str) -> Dict[str, List[float]]:
    """RETURNS (Dict[str, List[float]]): The speed relative to one contestant, by turn."""
    return {name: [b / s for s, b in zip(own, seconds[of])] for name, own in seconds.items()}


def report(
    title: str, seconds: Dict[str, List[float]], n_words: int, clock: str = "perf_counter"
) -> None:
    """Print a table relative to the first contestant, and save the figures.

    title (str): What was measured, on what.
    seconds (Dict[str, List[float]]): The result of `measure`.
    n_words (int): The number of words that each contestant processed.
    clock (str): The clock: "process_time" counts what the process computes, on all threads.
    """
    first = next(iter(seconds))
    print(f"\n### {title}\n\n| | relative to {first} | words per second |\n| --- | --- | --- |")
    for name, values in ratios(seconds, first).items():
        print(f"| {name} | {spread(values)} | {n_words / statistics.median(seconds[name]):,.0f} |")
    which = "processor time" if clock == "process_time" else "time on the clock"
    print(f"\nMedians of {len(seconds[first])} turns (lowest to highest), {which}. {machine()}")
    keep({"title": title, "seconds": seconds, "n_words": n_words, "clock": clock})


def keep(row: Dict) -> None:
    """Append figures to the results."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a", encoding="utf8") as file:
        file.write(json.dumps({**row, "machine": machine()}) + "\n")


def machine() -> str:
    """RETURNS (str): A description of the software and machine."""
    import torch
    from thinc.api import get_torch_default_device

    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    if get_torch_default_device().type == "cuda":
        return f"{versions}, {torch.cuda.get_device_name()}"
    found = ", ".join(features()) or "unknown features"
    threads = f"{torch.get_num_threads()} threads of {os.cpu_count()}"
    return f"{versions}, {threads}, {platform.machine()} with {found}"

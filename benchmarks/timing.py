"""Fair timing: contestants take turns, and are compared within a turn."""

import json
import platform
import statistics
import time
from pathlib import Path
from typing import Callable, Dict, List

RESULTS = Path(__file__).parent / "results/speed.jsonl"

#: What is timed: does its work once.
Contestant = Callable[[], None]


def measure(contestants: Dict[str, Contestant], turns: int) -> Dict[str, List[float]]:
    """Time contestants in turn, after one round that is not counted.

    contestants (Dict[str, Callable[[], None]]): What to time, by name.
    turns (int): How often.
    RETURNS (Dict[str, List[float]]): The seconds of each turn.
    """
    seconds: Dict[str, List[float]] = {name: [] for name in contestants}
    for turn in range(turns + 1):
        for name, run in contestants.items():
            started = time.perf_counter()
            run()
            wait_for_gpu()
            if turn:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def wait_for_gpu() -> None:
    """Let the GPU finish what it was given, if there is one."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def ratios(seconds: Dict[str, List[float]], of: str) -> Dict[str, List[float]]:
    """RETURNS (Dict[str, List[float]]): How fast each is, relative to one, in each turn."""
    return {name: [b / s for s, b in zip(own, seconds[of])] for name, own in seconds.items()}


def report(title: str, seconds: Dict[str, List[float]], n_words: int) -> None:
    """Print a table, relative to the first contestant, and keep the figures.

    title (str): What was measured, on what.
    seconds (Dict[str, List[float]]): What `measure` gave.
    n_words (int): How many words each contestant had.
    """
    first = next(iter(seconds))
    print(f"\n### {title}\n\n| | relative to {first} | words a second |\n| --- | --- | --- |")
    for name, values in ratios(seconds, first).items():
        spread = f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"
        print(f"| {name} | {spread} | {n_words / statistics.median(seconds[name]):,.0f} |")
    print(f"\n{machine()}")
    keep({"title": title, "seconds": seconds, "n_words": n_words})


def keep(row: Dict) -> None:
    """Add figures to the results."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a", encoding="utf8") as file:
        file.write(json.dumps({**row, "machine": machine()}) + "\n")


def machine() -> str:
    """RETURNS (str): What it runs on."""
    import torch
    from thinc.api import get_torch_default_device

    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    if get_torch_default_device().type == "cuda":
        return f"{versions}, {torch.cuda.get_device_name()}"
    return f"{versions}, {torch.get_num_threads()} threads, {platform.machine()}"

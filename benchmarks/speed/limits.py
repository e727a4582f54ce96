"""How close pipelines come to the limit, the best bare engine, and what must hold."""

import statistics
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Tuple

from ..timing import ratios
from .engines.table import EAGER

#: The seconds of each turn, by contestant.
Seconds = Dict[str, List[float]]
BEST = "the best bare engine"


@dataclass(frozen=True)
class Limit:
    """How fast a contestant must be at least.

    name (str): The contestant.
    of (str): Relative to whom: another contestant, or `BEST` of the same precision.
    at_least (float): The least ratio of speeds.
    """

    name: str
    of: str
    at_least: float


INFERENCE = {
    "gum": (
        Limit("ours", BEST, 0.85),
        Limit("ours", EAGER, 1.8),
        Limit("ours", "stock spaCy", 3.3),
        Limit("ours, bf16", EAGER, 2.7),
        Limit("ours by OpenVINO, bf16", BEST, 0.80),
        Limit("ours by OpenVINO, bf16", "stock spaCy", 5.5),
    ),
    "snips": (Limit("ours", BEST, 0.65), Limit("ours", "stock spaCy", 3.5)),
}
#: With torch's default for linear layers.
PLAIN = "ours without oneDNN"


def training_limits(has_faster_layers: bool) -> Dict[str, Tuple[Limit, ...]]:
    """Find what must hold for training.

    has_faster_layers (bool): Whether oneDNN's linear layers are faster on this processor. If not,
        they are not used, and nothing may be slower, apart from noise.
    RETURNS (Dict[str, Tuple[Limit]]): The limits by corpus.
    """
    of_layers = Limit("ours", PLAIN, 1.5 if has_faster_layers else 0.95)
    return {"gum": (of_layers, Limit("ours, bf16", EAGER, 2.0))}


def is_bare(name: str) -> bool:
    """RETURNS (bool): Whether a contestant is the bare encoder."""
    return name.startswith("bare ")


def precision_of(name: str) -> str:
    """RETURNS (str): The precision of a contestant, which is the end of its name."""
    *_, end = name.split(", ")
    return end if end in ("tf32", "bf16", "int8") else "fp32"


def best_bare(seconds: Seconds, precision: str) -> Optional[str]:
    """RETURNS (Optional[str]): The fastest bare encoder in a precision, by its median."""
    bare = [name for name in seconds if is_bare(name) and precision_of(name) == precision]
    return min(bare, key=lambda name: statistics.median(seconds[name]), default=None)


def share_of(name: str, of: str, seconds: Seconds) -> float:
    """RETURNS (float): The speed relative to another contestant: the median of the turns."""
    return statistics.median(ratios(seconds, of)[name])


def report_shares(seconds: Seconds) -> None:
    """Print the speed of the pipelines as a share of the best bare engine of their precision."""
    print("\n| | precision | share of the best bare engine |\n| --- | --- | --- |")
    for name in seconds:
        precision = precision_of(name)
        best = None if is_bare(name) else best_bare(seconds, precision)
        if best is not None:
            share = share_of(name, best, seconds)
            print(f"| {name} | {precision} | {share:.2f} of {best} |")


def report_limits(limits: Mapping[str, Tuple[Limit, ...]], corpus: str, seconds: Seconds) -> None:
    """Print which limits are met.

    limits (Dict[str, Tuple[Limit]]): The limits by corpus.
    corpus (str): The corpus of the measurement.
    seconds (Dict[str, List[float]]): The seconds of each turn, by contestant.
    """
    print("\n| what must hold | at least | found | |\n| --- | --- | --- | --- |")
    for limit in limits.get(corpus, ()):
        of = best_bare(seconds, precision_of(limit.name)) if limit.of == BEST else limit.of
        named = limit.of if of is None or limit.of != BEST else f"{BEST} ({of})"
        if limit.name not in seconds or of not in seconds:
            found = "– | not measured"
        else:
            share = share_of(limit.name, of, seconds)
            found = f"{share:.2f} | {'met' if share >= limit.at_least else 'NOT MET'}"
        print(f"| {limit.name}, relative to {named} | {limit.at_least:.2f} | {found} |")

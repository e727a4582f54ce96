"""Verdicts on differences, corrected for how many there are."""

from typing import Dict, List, Mapping, Tuple

from .paired_bootstrap import Difference

#: The largest corrected p of a difference that counts as shown.
ALPHA = 0.05
GAIN, LOSS, NOT_SHOWN = "gain", "loss", "no difference shown"


def corrected(p_values: Mapping[str, float]) -> Dict[str, float]:
    """Correct p-values for the number of comparisons, so that together they are rarely wrong.

    p_values (Mapping[str, float]): By name.
    RETURNS (Dict[str, float]): The corrected values, by name in the same order.
    SOURCE: Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure".
    """
    ordered: List[Tuple[float, str]] = sorted((p, name) for name, p in p_values.items())
    found: Dict[str, float] = {}
    largest = 0.0
    for i, (p, name) in enumerate(ordered):
        largest = max(largest, min(1.0, (len(ordered) - i) * p))
        found[name] = largest
    return {name: found[name] for name in p_values}


def verdict_of(difference: Difference, p_corrected: float) -> str:
    """RETURNS (str): "gain", "loss" or "no difference shown"."""
    if p_corrected >= ALPHA:
        return NOT_SHOWN
    return GAIN if difference.value > 0 else LOSS

"""Thresholds of probabilities, for all labels or by label."""

from numbers import Real
from typing import Any, Dict, Optional, Sequence, Union

from ..hints import nearest, shortened

Threshold = Optional[Union[float, Dict[str, float]]]


def is_share(value: Any) -> bool:
    """RETURNS (bool): Whether a value is a number in [0, 1]."""
    return isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) <= 1


def misfit_of(threshold: Any, labels: Sequence[str], key: str = "threshold") -> Optional[str]:
    """Find what is wrong with a threshold.

    threshold (Any): None, a number in [0, 1], or such numbers by label.
    labels (Sequence[str]): The labels of the head; empty if they aren't known yet.
    key (str): The name of the setting.
    RETURNS (Optional[str]): What is wrong, as "'threshold' is ..., but ...". None if nothing is.
    """
    if threshold is None or is_share(threshold):
        return None
    if not isinstance(threshold, dict):
        return (
            f"'{key}' is {shortened(threshold)}, but it must be a probability in [0, 1], such "
            "numbers by label, or null"
        )
    for label, value in threshold.items():
        if not is_share(value):
            return (
                f"'{key}' of the label '{label}' is {shortened(value)}, but it must be a "
                "probability in [0, 1]"
            )
    unknown = [label for label in threshold if label not in labels] if labels else []
    if unknown:
        known = ", ".join(labels[:10]) + (", ..." if len(labels) > 10 else "")
        return (
            f"'{key}' is set for '{unknown[0]}', which is no label of the head. "
            f"{nearest(str(unknown[0]), labels)}Its labels: {known}"
        )
    return None


def threshold_of(threshold: Threshold, label: str) -> float:
    """RETURNS (float): The threshold of a label; 0.0 if it has none."""
    found = threshold.get(label) if isinstance(threshold, dict) else threshold
    return 0.0 if found is None else float(found)

"""Format numbers as text of limited width."""

import math
from typing import List, Sequence

_WIDTH = 7


def compact(value: float) -> str:
    """Format a number of any size in about seven characters.

    value (float): The number.
    RETURNS (str): Three significant digits, such as "0.0123", "12.3" or "1.23e-5".
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 0.001 <= abs(value) < 100_000:
        return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
    for digits in (2, 1):
        mantissa, exponent = f"{value:.{digits}e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
        if len(text) <= _WIDTH:
            break
    return text


def alike(rows: Sequence[Sequence[float]]) -> List[List[str]]:
    """Format numbers that are compared with each other.

    rows (Sequence[Sequence[float]]): The numbers.
    RETURNS (List[List[str]]): Their texts: without decimals if all are whole, with three of them
        if the largest is neither very large nor very small, otherwise as by `compact`.
    """
    finite = [abs(value) for row in rows for value in row if math.isfinite(value)]
    largest = max(finite, default=0.0)
    if largest < 100_000 and all(value == round(value) for value in finite):
        digits = 0
    elif 0.01 <= largest < 1000:
        digits = 3
    else:
        return [[compact(value) for value in row] for row in rows]
    # Adding 0.0 avoids "-0.000".
    return [[f"{round(value, digits) + 0.0:.{digits}f}" for value in row] for row in rows]

"""Check the shares that a schedule returns, and normalize them to sum to 1."""

import math
from typing import Any, Dict, Iterable, Mapping

from .schedules.checks import BLOCK


def normalized(found: Any, corpora: Iterable[str], title: str, step: int) -> Dict[str, float]:
    """Check the shares for a batch, and normalize them to sum to 1.

    found (Any): The return value of the schedule.
    corpora (Iterable[str]): The names of the corpora, in config order.
    title (str): The name of the schedule, for messages.
    step (int): The number of the batch, for messages.
    RETURNS (Dict[str, float]): The shares above 0, in the order of the corpora.
    RAISES (ValueError): If there are none, or one is for an unknown corpus or below 0.
    """
    names = list(corpora)
    if not isinstance(found, Mapping):
        raise ValueError(
            f"The schedule {title} returned {found!r} at batch {step}, but must return a "
            f"dict of shares by corpus. Fix its code, or {BLOCK}."
        )
    for corpus, share in found.items():
        if corpus not in names:
            raise ValueError(
                f"The schedule {title} gives a share to '{corpus}' at batch {step}, but "
                f"the corpora are {', '.join(names)}. Fix {BLOCK}."
            )
        if not math.isfinite(share) or share < 0:
            raise ValueError(
                f"The schedule {title} gives the corpus '{corpus}' a share of {share!r} at "
                f"batch {step}. A share is a finite number >= 0. Fix {BLOCK}."
            )
    largest = max(found.values(), default=0.0)
    if not largest:
        raise ValueError(
            f"The schedule {title} gives all corpora a share of 0 at batch {step}, so "
            f"there is nothing to draw. Fix {BLOCK}."
        )
    # Scale by a power of two, which is exact: the sum of large shares would overflow.
    exponent = math.frexp(largest)[1]
    parts = {name: math.ldexp(found.get(name, 0.0), -exponent) for name in names}
    total = math.fsum(parts.values())
    return {name: part / total for name, part in parts.items() if part > 0}

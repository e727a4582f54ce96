"""Which tasks' gradients conflict, from the logs of joint trainings."""

from pathlib import Path
from typing import Dict, Iterable, List, Tuple

from ..report.training_log import read_log
from .affinity import Mean


def read_cosines(folders: Iterable[Path]) -> Dict[Tuple[str, str], Mean]:
    """Read the cosines between the gradients of tasks at the shared representation.

    folders (Iterable[Path]): The folders of trainings with a log.
    RETURNS (Dict[Tuple[str, str], Mean]): The mean over all evaluations, by pair of tasks. Pairs
        that were never in one batch are left out.
    """
    found: Dict[Tuple[str, str], Mean] = {}
    for folder in folders:
        for row in read_log(folder):
            for pair, means in row.cosines.items():
                found.setdefault(pair, Mean()).add(means.cosine)
    return found


def conflicting(cosines: Dict[Tuple[str, str], Mean]) -> List[Tuple[str, str]]:
    """RETURNS (List[Tuple[str, str]]): The pairs whose mean cosine is more than two standard errors
    below 0, the lowest first.
    """
    pairs = [pair for pair, mean in cosines.items() if mean.value + 2 * mean.error < 0]
    return sorted(pairs, key=lambda pair: cosines[pair].value)

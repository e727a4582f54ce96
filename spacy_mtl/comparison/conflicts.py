"""Which tasks' gradients conflict, from the logs of joint trainings."""

import json
from pathlib import Path
from typing import Dict, Iterable, List, Tuple

from .affinity import Mean


def read_cosines(folders: Iterable[Path]) -> Dict[Tuple[str, str], Mean]:
    """Read the cosines between the gradients of tasks at the shared representation.

    folders (Iterable[Path]): The folders of trainings with a log, or several of one that was
        resumed.
    RETURNS (Dict[Tuple[str, str], Mean]): The mean over all evaluations, by pair of tasks. Pairs
        that were never in one batch are left out.
    """
    found: Dict[Tuple[str, str], Mean] = {}
    for folder in folders:
        # A resumed training repeats the steps after its checkpoint.
        lines = {}
        for path in sorted(folder.glob("log*.jsonl"), key=lambda path: path.stat().st_mtime_ns):
            for line in map(json.loads, path.read_text(encoding="utf8").splitlines()):
                lines[line["step"]] = line
        for line in lines.values():
            for pair in line["cosines"]:
                if pair["cosine"] is not None:
                    first, second = pair["tasks"]
                    found.setdefault((first, second), Mean()).add(pair["cosine"])
    return found


def conflicting(cosines: Dict[Tuple[str, str], Mean]) -> List[Tuple[str, str]]:
    """RETURNS (List[Tuple[str, str]]): The pairs whose mean cosine is more than two standard errors
    below 0, the lowest first.
    """
    pairs = [pair for pair, mean in cosines.items() if mean.value + 2 * mean.error < 0]
    return sorted(pairs, key=lambda pair: cosines[pair].value)

"""The file of finished runs."""

from typing import Dict

from .. import places
from ..finished import Row, add_finished, load_finished
from .runs import Run, make_run, settings_of

RESULTS = places.RESULTS / "sharing.jsonl"


def load_results() -> Dict[Run, Row]:
    """RETURNS (Dict[Run, Dict[str, Any]]): The finished runs with the current settings."""
    return load_finished(RESULTS, make_run, settings_of)


def add_result(row: Row) -> None:
    """Save a result of `train_and_score`."""
    add_finished(RESULTS, row)

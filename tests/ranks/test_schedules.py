"""Schedules that look at losses and scores draw the same on all ranks, and as one rank does."""

from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest
import ranked_trainings
from ranked_steps import run_on_ranks
from short_training import write_corpus

Found = List[Dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    write_corpus(folder / "corpus.spacy")
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> Found:
    return run_on_ranks(folder, module=ranked_trainings.__file__)


@pytest.mark.parametrize("schedule", ranked_trainings.SCHEDULES)
def test_ranks_draw_as_one(schedule: str, found: Found, folder: Path) -> None:
    """Each batch has gradients of two parts."""
    one = ranked_trainings.run(schedule, folder)
    assert len({len(batch) for batch in one["batches"]}) > 1
    for each in (rank[schedule] for rank in found):
        assert each["batches"] == one["batches"]
        for address, expected in one["values"].items():
            difference = numpy.abs(each["values"][address] - expected)
            assert difference.max(initial=0.0) < 1e-5, address
        for losses, expected_losses in zip(each["losses"], one["losses"]):
            assert losses == pytest.approx(expected_losses, rel=1e-4)

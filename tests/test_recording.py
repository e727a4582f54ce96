"""Trainings give the same numbers as before the joint step was rewritten, to the last bit."""

import json
import zipfile
from pathlib import Path
from typing import Any, Dict

import pytest
from methods import NAMES
from recorded_runs import runs
from recorded_trainings import record_interrupted, record_training, trainings
from recording import fingerprint, record

FOLDER = Path(__file__).parent / "recordings"
RECORDED: Dict[str, Any] = json.loads((FOLDER / "joint_step.json").read_text(encoding="utf8"))
#: Other processors and versions differ in the last bits, and training amplifies that.
IS_EXACT = fingerprint() == RECORDED["of"]


def check(found: Any, expected: Any, tolerance: float = 0.01) -> None:
    if IS_EXACT:
        assert found == expected
        return
    for key, value in expected.items():
        if isinstance(value, dict):
            check(found[key], value, tolerance)
        elif isinstance(value, (int, float)):
            assert found[key] == pytest.approx(value, rel=tolerance, abs=1e-4), key


def test_all_are_recorded() -> None:
    """But a weighting that came later: it was nothing before."""
    recorded = {name.split(",")[0] for name in RECORDED["runs"]}
    later = set(NAMES) - recorded
    expected = {name for name in runs() if name.split(",")[0] not in later}
    assert expected == set(RECORDED["runs"])
    assert set(trainings()) == set(RECORDED["trainings"])


# Heads of the same kind warn that their scores collide.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", RECORDED["runs"])
def test_steps(name: str, encoder_dir: str) -> None:
    found, expected = record(runs()[name], encoder_dir), dict(RECORDED["runs"][name])
    if not IS_EXACT:
        # Two labels with nearly equal scores may swap.
        expected.pop("scores")
    check(found, expected)


@pytest.mark.parametrize("name", trainings())
def test_training_by_a_schedule(name: str, tmp_path: Path) -> None:
    settings: Dict[str, Any] = trainings()[name]
    found, expected = record_training(folder=tmp_path, **settings), RECORDED["trainings"][name]
    if IS_EXACT or settings["schedule"] not in ("ByLoss", "ByScore", "Bandit"):
        assert found["batches"] == expected["batches"]
        check(found["weights"], expected["weights"])
    assert IS_EXACT is False or found["scores"] == expected["scores"]


def test_interrupted_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(FOLDER / "training.zip") as archive:
        archive.extractall(tmp_path)
    found = record_interrupted(tmp_path, checkpoint=True)
    check(found, RECORDED["interrupted"])

"""Reading training logs: whole, interrupted, resumed and damaged ones."""

import json
import math
from pathlib import Path
from typing import Any, Dict

import pytest
from logged_trainings import OURS, TASKS, read_lines, train_with

import spacy_mtl
from spacy_mtl.report.monitor import PairMeans, TaskMeans
from spacy_mtl.report.training_log import LogError, read_log


def line(step: int, **changes: Any) -> str:
    row: Dict[str, Any] = {
        "epoch": 0,
        "step": step,
        "score": 0.5,
        "other_scores": {"ents_f": 0.5, "ents_per_type": {"PER": {"f": 1.0}}, "speed": None},
        "losses": {"ner": 1.0, "mtl": None},
        "seconds": 3,
        "words": 10,
        "tasks": {
            "ner": {"n_steps": 2, "loss": 1.5, "weight": 1.0, "norm": None},
            "tagger": {"n_steps": 0, "loss": None, "weight": None, "norm": None},
        },
        "cosines": [{"tasks": ["ner", "tagger"], "n_steps": 1, "cosine": -0.5}],
        "corpora": {"gum": 2.0},
        "auxiliary": {"size": {"n_steps": 1, "loss": 2.0}},
        "sharing": [
            {"title": "t", "rows": ["a"], "columns": ["b"], "values": [[None]], "note": ""}
        ],
    }
    return json.dumps({**row, **changes}) + "\n"


def test_rows_are_what_the_logger_wrote(tmp_path: Path, encoder_dir: str) -> None:
    path = tmp_path / "output" / "log.jsonl"
    logger = {"@loggers": OURS, "output_file": str(path), "console_output": False}
    train_with(logger, tmp_path, encoder_dir)
    rows, lines = spacy_mtl.read_log(path), read_lines(path)
    assert [row.step for row in rows] == [0, 2, 4]
    for row, written in zip(rows, lines):
        assert list(row.tasks) == TASKS
        for task, means in row.tasks.items():
            assert vars(means) == written["tasks"][task]
        assert len(row.cosines) == 3
        assert row.losses == written["losses"]
        assert row.score == written["score"]
        assert row.scores["ents_f"] == written["other_scores"]["ents_f"]
        assert "ents_per_type" not in row.scores
    assert read_log(tmp_path / "output") == rows


def test_values_that_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(line(1), encoding="utf8")
    (row,) = read_log(path)
    assert row.scores == {"ents_f": 0.5}
    assert row.losses == {"ner": 1.0}
    assert list(row.tasks) == ["ner"]
    assert (row.tasks["ner"].loss, row.tasks["ner"].n_steps) == (1.5, 2)
    assert isinstance(row.tasks["ner"], TaskMeans)
    assert math.isnan(row.tasks["ner"].norm)
    assert row.cosines == {("ner", "tagger"): PairMeans(1, -0.5)}
    assert row.corpora == {"gum": 2.0}
    assert row.auxiliary["size"].loss == 2.0
    assert math.isnan(row.sharing[0].values[0][0])


def test_logs_of_older_versions_and_of_spacy(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    old = {"epoch": 0, "step": 5, "losses": {"ner": 1.0}, "scores": {"ENTS_F": 50.0}, "score": 0.5}
    path.write_text(json.dumps(old), encoding="utf8")
    (row,) = read_log(path)
    assert (row.step, row.tasks, row.cosines, row.seconds) == (5, {}, {}, None)
    assert row.scores == {"ENTS_F": 50.0}


def test_interrupted_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(line(0) + line(2) + line(4)[:50], encoding="utf8")
    assert [row.step for row in read_log(path)] == [0, 2]
    path.write_text("", encoding="utf8")
    assert read_log(path) == read_log(tmp_path) == []


def test_resumed_trainings_are_joined(tmp_path: Path) -> None:
    """Resumed from a checkpoint, a training repeats the steps after it, in another file."""
    (tmp_path / "log.jsonl").write_text(line(0) + line(2) + line(4), encoding="utf8")
    (tmp_path / "log.1.jsonl").write_text(line(4, score=0.75) + line(6), encoding="utf8")
    for n in range(2, 11):
        (tmp_path / f"log.{n}.jsonl").write_text(line(6, score=n / 100), encoding="utf8")
    (tmp_path / "corpus.jsonl").write_text('{"text": "no log"}\n', encoding="utf8")
    rows = read_log(tmp_path)
    assert [(row.step, row.score) for row in rows] == [(0, 0.5), (2, 0.5), (4, 0.75), (6, 0.1)]


def test_folder_without_a_log(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"no training log in .*Set output_file = .*log.jsonl"):
        read_log(tmp_path)
    with pytest.raises(LogError, match="There is no file or folder"):
        read_log(tmp_path / "missing")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json\n" + line(2), "Line 1 of .* is not from a training log: 'no json'"),
        (line(0) + '{"text": "x"}\n' + line(2), "Line 2 of .* is not from a training log"),
        (line(0, tasks={"ner": {}}), "Line 1 of .* is damaged"),
        (line(0, tasks=3), "Line 1 of .* is damaged"),
        ("no json", "Line 1 of .* is not from a training log"),
    ],
)
def test_other_files(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(text, encoding="utf8")
    with pytest.raises(LogError, match=says):
        read_log(path)

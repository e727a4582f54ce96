"""The JSON lines of a log, and how earlier logs are kept."""

import io
import json
import math
from pathlib import Path
from typing import Any, Dict

import numpy
import pytest

from spacy_mtl.report.log_file import open_log, write_line
from spacy_mtl.report.monitor import AuxiliaryMeans, PairMeans, Reading, TaskMeans
from spacy_mtl.types import StructureTable

NO_STEPS = Reading(0, {}, {})
INFO: Dict[str, Any] = {
    "epoch": 1,
    "step": 20,
    "score": 0.5,
    "other_scores": {},
    "losses": {},
    "checkpoints": [(0.5, 20)],
    "seconds": 3,
    "words": 100,
}


def written(info: Dict[str, Any], reading: Reading) -> Dict[str, Any]:
    """Write and parse the line of an evaluation."""

    def reject(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    file = io.StringIO()
    write_line(file, ["tagger", "ner"], info, reading)
    assert file.getvalue().endswith("\n")
    line: Dict[str, Any] = json.loads(file.getvalue(), parse_constant=reject)
    return line


def test_line() -> None:
    pairs = {("tagger", "ner"): PairMeans(3, -0.25)}
    tasks = {"tagger": TaskMeans(4, 1.0, 2.0, 3.0), "ner": TaskMeans(3, 0.5, 1.0, 0.125)}
    scores = {"tag_acc": 0.5, "ents_per_type": {"PER": {"f": 1.0}}}
    info = {**INFO, "losses": {"tagger": 4.0, "ner": 1.5}, "other_scores": scores}
    assert written(info, Reading(4, tasks, pairs)) == {
        "epoch": 1,
        "step": 20,
        "score": 0.5,
        "other_scores": scores,
        "losses": {"tagger": 4.0, "ner": 1.5},
        "seconds": 3,
        "words": 100,
        "tasks": {
            "tagger": {"n_steps": 4, "loss": 1.0, "weight": 2.0, "norm": 3.0},
            "ner": {"n_steps": 3, "loss": 0.5, "weight": 1.0, "norm": 0.125},
        },
        "cosines": [{"tasks": ["tagger", "ner"], "n_steps": 3, "cosine": -0.25}],
        "corpora": {},
        "auxiliary": {},
        "sharing": [],
    }


def test_sharing() -> None:
    table = StructureTable("relations", ["ner"], ["ner", "tagger"], [[1.0, math.nan]], "A note.")
    auxiliary = {"balance": AuxiliaryMeans(2, 0.5), "orthogonality": AuxiliaryMeans(1, math.inf)}
    file = io.StringIO()
    write_line(file, [], INFO, Reading(2, {}, {}, auxiliary), lambda: [table])
    line = json.loads(file.getvalue())
    assert line["sharing"] == [
        {
            "title": "relations",
            "rows": ["ner"],
            "columns": ["ner", "tagger"],
            "values": [[1.0, None]],
            "note": "A note.",
        }
    ]
    assert line["auxiliary"] == {
        "balance": {"n_steps": 2, "loss": 0.5},
        "orthogonality": {"n_steps": 1, "loss": None},
    }


def test_structure_is_only_read_for_a_line() -> None:
    write_line(io.StringIO(), [], None, NO_STEPS, lambda: pytest.fail("read"))


def test_absent_tasks_are_listed() -> None:
    absent = {"n_steps": 0, "loss": None, "weight": None, "norm": None}
    line = written(INFO, NO_STEPS)
    assert line["tasks"] == {"tagger": absent, "ner": absent}
    assert line["cosines"] == []


def test_line_is_json_whatever_the_values() -> None:
    scores = {
        "tag_acc": numpy.float32(0.5),
        "auc": math.nan,
        "counts": {"PER": [1, numpy.int64(2)], 7: None},
        "cats_score_desc": "macro F",
        "other": object(),
    }
    reading = Reading(1, {"ner": TaskMeans(1, math.inf, 1.0, math.nan)}, {})
    line = written({**INFO, "other_scores": scores, "losses": {"ner": math.inf}}, reading)
    assert line["other_scores"] == {
        "tag_acc": 0.5,
        "auc": None,
        "counts": {"PER": [1, 2.0], "7": None},
        "cats_score_desc": "macro F",
        "other": None,
    }
    assert line["losses"] == {"ner": None}
    assert line["tasks"]["ner"] == {"n_steps": 1, "loss": None, "weight": 1.0, "norm": None}


def test_lines_are_written_at_once(tmp_path: Path) -> None:
    """An interrupted training keeps its rows."""
    path = tmp_path / "log.jsonl"
    with open_log(path) as file:
        write_line(file, [], INFO, NO_STEPS)
        write_line(file, [], None, NO_STEPS)
        assert json.loads(path.read_text(encoding="utf8"))["step"] == 20


def test_earlier_logs_are_kept(tmp_path: Path) -> None:
    names = ["log.jsonl", "log.1.jsonl", "log.2.jsonl"]
    for name in names:
        with open_log(tmp_path / "new" / "folder" / "log.jsonl") as file:
            assert Path(file.name).name == name
            file.write(name)
    texts = [(tmp_path / "new" / "folder" / name).read_text(encoding="utf8") for name in names]
    assert texts == names


def test_file_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'output_file' in \[training.logger\] .* is a folder"):
        open_log(tmp_path)

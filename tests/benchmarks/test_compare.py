"""`spacy mtl compare` on SNIPS and GUM."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, Callable

import pytest


@pytest.fixture
def compare(benchmark_module: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    found = benchmark_module("compare")
    monkeypatch.setattr(found, "PATH", tmp_path / "compare.jsonl")
    return found


def test_command(compare: Any, tiny_corpus: Path, tmp_path: Path) -> None:
    args, output = compare.command_of("gum-short", 4, "encoder", tmp_path, 2)
    assert args[:4] == ["-m", "spacy", "mtl", "compare"]
    assert output == tmp_path / "compare/gum-short"
    options = dict(pairwise(args))
    assert options["--test"] == str(tiny_corpus)
    assert options["--n-seeds"] == "4"
    assert json.loads(options["--nlp.pipeline"]) == [
        "transformer",
        "mtl",
        "tagger",
        "ner",
        "textcat",
    ]
    assert "--resume" not in args
    assert "--system.seed" not in args
    output.mkdir(parents=True)
    assert "--resume" in compare.command_of("gum-short", 4, "encoder", tmp_path, 2)[0]


def test_report(compare: Any, capsys: pytest.CaptureFixture) -> None:
    compare.report()
    assert capsys.readouterr().out.count("\n| ") == 1
    result = {
        "alone": 0.9,
        "joint": 0.91,
        "difference": 0.01,
        "interval": [0.002, 0.018],
        "verdict": "gain",
    }
    row = {
        "suite": "snips-short",
        "settings": compare.settings_of(compare.joint_run("snips-short")),
        "seeds": [0, 1],
        "n_documents": 700,
        "tasks": {"ner": result},
        "cost": {"joint_to_all_alone": {"training": 0.5, "words_per_second": 1.9}},
        "machine": "a machine",
    }
    compare.add_finished(compare.PATH, row)
    compare.report()
    out = capsys.readouterr().out
    assert "| SNIPS: entities (F1) | 90.0 | 91.0 | +1.0 (+0.2 to +1.8) | gain |" in out
    assert "training takes 0.50 of the processor time" in out
    assert "1.9 times as many words per second" in out
    compare.add_finished(compare.PATH, {**row, "settings": {}})
    assert compare.load_results()["snips-short"]["settings"] == row["settings"]


def test_unknown_suite(compare: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("sys.argv", ["compare", "run", "gum-shrot"])
    with pytest.raises(SystemExit):
        compare.main()
    assert "unknown suite 'gum-shrot': choose from snips-short" in capsys.readouterr().err


def test_result_names_no_folder(
    compare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is committed, and read elsewhere."""
    output = tmp_path / "output"
    output.mkdir()
    result = {"scored_on": str(tmp_path / "snips/test.spacy"), "seeds": [0, 1]}
    (output / "comparison.json").write_text(json.dumps(result), encoding="utf8")
    monkeypatch.setattr(compare, "convert_all", lambda suite, work: None)
    monkeypatch.setattr(compare, "command_of", lambda *args: (["-c", ""], output))
    row = compare.compare("snips-short", 2, "encoder", tmp_path, 1)
    assert row["scored_on"] == "test.spacy"
    assert str(tmp_path) not in json.dumps(row)

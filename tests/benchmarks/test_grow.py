"""The benchmark of ways to add a task, or labels."""

import json
from pathlib import Path
from typing import Any, List

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from tiny_corpus import make_docs


@pytest.fixture
def corpus(benchmark_module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is used for all splits. Results are in the same folder."""
    path = tmp_path / "tiny.spacy"
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(path)
    for module in ("tasks", "labels"):
        monkeypatch.setattr(benchmark_module(f"grow.{module}"), "convert_split", lambda *args: path)
    monkeypatch.setattr(benchmark_module("grow.runs"), "RESULTS", tmp_path)
    return path


def reported(benchmark_module: Any, rows: List[Any], folder: Path, capsys: Any) -> List[str]:
    """The lines that are printed of some results."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / benchmark_module("grow.runs").FILE).write_text(text)
    benchmark_module("grow.report").report()
    lines: List[str] = capsys.readouterr().out.splitlines()
    return lines


@pytest.mark.parametrize("title", ["adapter", "rehearsal, old texts", "plain fine-tuning"])
def test_a_task(
    title: str,
    benchmark_module: Any,
    encoder_dir: str,
    corpus: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    spec = {"title": title, "seed": 0, "steps": 2}
    found = benchmark_module("grow.runs").measure(spec, encoder_dir, tmp_path)
    assert found["tasks"]["tagger"]["identical"] or title != "adapter"
    assert found["tasks"]["genre"]["after"] is not None
    assert found["tasks"]["ner"]["scored_on"] == corpus.name
    lines = reported(benchmark_module, [found], tmp_path, capsys)
    row = next(line for line in lines if line.startswith(f"| {title}"))
    assert row.count("|") == 8
    assert row.endswith("| 1 |")
    # In two steps, other ways may change nothing, either.
    assert "| all, to the bit | all, to the bit |" in row or title != "adapter"
    lost = any(line.startswith("With rehearsal on old texts, they lose") for line in lines)
    assert lost == (title == "rehearsal, old texts")


@pytest.fixture
def places(benchmark_module: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """One type of the small corpus is held back."""
    monkeypatch.setattr(benchmark_module("grow.labels"), "HELD_BACK", ("LOC",))
    monkeypatch.setattr(benchmark_module("grow.report"), "HELD_BACK", ("LOC",))
    return "LOC"


def test_labels(
    benchmark_module: Any,
    places: str,
    encoder_dir: str,
    corpus: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    module = benchmark_module("grow.labels")
    rows = [
        benchmark_module("grow.runs").measure(
            {"title": title, "seed": 0, "steps": 4}, encoder_dir, tmp_path
        )
        for title in module.TITLES
    ]
    assert [sorted(row) for row in rows[:2]] == [["after", "before", "seed", "steps", "title"]] * 2
    assert "before" not in rows[2]
    assert rows[0]["before"] == rows[1]["before"]
    assert rows[0]["before"]["new"] == 0.0
    for way, score in zip((module.REHEARSAL, module.FULL), (0.45, 0.5)):
        next(r for r in rows if r["title"].endswith(way))["after"]["new"] = score
    lines = reported(benchmark_module, rows, tmp_path, capsys)
    row = next(line for line in lines if line.startswith(f"| {module.FULL}"))
    assert "| 50.0 |" in row
    assert "ones reach 0.90 of their F1 from the start (at least 0.8)." in lines


def test_what_is_held_back(
    benchmark_module: Any, places: str, corpus: Path, tmp_path: Path
) -> None:
    module = benchmark_module("grow.labels")
    files = module.split_types(tmp_path, 0, None)
    old, new, everything = (types(files[name]) for name in ("old", "new", "all"))
    assert places not in old
    assert places in new
    assert old | {places} == everything
    docs = {name: texts(files[name]) for name in ("old", "new", "all")}
    assert not set(docs["old"]) & set(docs["new"])
    assert sorted(docs["old"] + docs["new"]) == sorted(docs["all"])
    read = benchmark_module("grow.training").read_docs
    assert all(doc.has_annotation("ENT_IOB") for doc in read(files["old"]))
    assert not any(doc.has_annotation("TAG") for doc in read(files["new"]))
    assert places not in types(files["old_dev"])


def test_f1_of_some_types(benchmark_module: Any) -> None:
    nlp = spacy.blank("en")
    words = ["a", "b", "c"]
    gold = Doc(nlp.vocab, words=words, ents=["B-X", "B-Y", "O"])
    found = Doc(nlp.vocab, words=words, ents=["B-X", "O", "B-Y"])
    examples = [spacy.training.Example(found, gold)]
    f1 = benchmark_module("grow.labels").f1
    assert f1(examples, ["X"]) == pytest.approx(1.0)
    assert f1(examples, ["Y"]) == 0.0
    assert f1(examples, ["X", "Y"]) == pytest.approx(0.5)


def types(path: Path) -> set:
    docs = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    return {span.label_ for doc in docs for span in doc.ents}


def texts(path: Path) -> List[str]:
    docs = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    return [doc.text for doc in docs]


def test_runs(benchmark_module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = benchmark_module("grow.runs")
    runs = module.all_runs()
    assert len({(run["title"], run["seed"]) for run in runs}) == len(runs) == 24
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    (tmp_path / module.FILE).write_text(json.dumps({**runs[0], "tasks": {}}) + "\n")
    assert module.missing_runs() == runs[1:]

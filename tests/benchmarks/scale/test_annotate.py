"""The comparison of ways to annotate a collection, with a tiny encoder."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import spacy
from engines_here import HAS_RAY, HAS_SPARK
from spacy.language import Language
from spacy.tokens import Doc


@pytest.fixture
def pipeline(make_nlp: Callable[..., Language], tmp_path: Path) -> Path:
    make_nlp().to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


def rows_of(n: int) -> List[Dict[str, Any]]:
    return [{"id": i, "text": f"Anna books room {i} in Berlin ."} for i in range(n)]


def test_short_texts(benchmark_module: Any) -> None:
    """From both sources, the same ones each time."""
    texts = benchmark_module("scale.texts")
    docs = [Doc(spacy.blank("en").vocab, words=["word"] * 50)]
    found = texts.short_texts(100, ["a request"], docs)
    assert found == texts.short_texts(100, ["a request"], docs)
    assert 30 < found.count("a request") < 70
    lengths = {len(text.split()) for text in found} - {2}
    assert min(lengths) == texts.SHORTEST
    assert max(lengths) <= texts.LONGEST


def test_compare_rows(benchmark_module: Any) -> None:
    compare = benchmark_module("scale.annotate").compare_rows
    row = {"id": 0, "text": "a", "tags": ["X"], "cats": {"a": 0.5}, "error": None}
    other = {**row, "cats": [("a", 0.5 + 1e-6)]}
    share, difference = compare([row, other], [row, row])
    assert share == 1
    assert difference == pytest.approx(1e-6)
    for change in ({"tags": ["Y"]}, {"cats": {"a": 0.6}}, {"cats": {}}, {"error": "failed"}):
        assert compare([row, {**row, **change}], [row, row])[0] == 0.5
    assert compare([row], [row, row])[0] == 0


def test_memory_of_a_worker(benchmark_module: Any, tmp_path: Path) -> None:
    notes = [{"n": 100, "used": 50.0 + i, "peak": 60.0 + i} for i in range(4)]
    path = tmp_path / "7.jsonl"
    path.write_text("".join(json.dumps(note) + "\n" for note in notes))
    found = benchmark_module("scale.annotate").memory_of(path)
    assert found == {
        **{"begin": 50.0, "end": 53.0, "peak": 63.0},
        "bytes_a_text": pytest.approx(2**20 / 100),
    }


@pytest.mark.slow
@pytest.mark.engines
@pytest.mark.skipif(not (HAS_RAY and HAS_SPARK), reason="needs spacy-mtl[ray,spark] and Java")
def test_all_contestants(
    benchmark_module: Any,
    pipeline: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    """All return the same rows; those of several workers have notes of each."""
    module = benchmark_module("scale.annotate")
    contestants = benchmark_module("scale.contestants").installed()
    monkeypatch.setattr(module, "PATH", tmp_path / "annotate.jsonl")
    monkeypatch.setattr(module, "rows_of", lambda corpus, n, work: rows_of(n))
    module.run(["short"], 1100, pipeline, contestants, 2, 1, tmp_path)
    (row,) = map(json.loads, (tmp_path / "annotate.jsonl").read_text().splitlines())
    assert list(row["turns"]) == list(benchmark_module("scale.contestants").CONTESTANTS)
    for name, (turn,) in row["turns"].items():
        assert turn["same"] == (None if name == "nlp.pipe" else 1), name
        assert len(turn["memory"]) >= (0 if name == "nlp.pipe" else 2), name
        assert turn["start"] > 0
    capsys.readouterr()
    module.report()
    printed = capsys.readouterr().out
    assert "### short, 1,100 texts, 7,700 words, 2 workers" in printed
    assert printed.count("| all |") == 5


def test_local_contestants(benchmark_module: Any, pipeline: Path, tmp_path: Path) -> None:
    """By one worker, which is this process: quick, and without engines."""
    module = benchmark_module("scale.contestants")
    annotate = benchmark_module("scale.annotate")
    annotator = module.Watched(str(pipeline), notes=str(tmp_path))
    rows = rows_of(600)
    timed = module.by_engine("local")(rows, annotator, 1)
    found = annotate.describe(timed, annotate.expected_rows(pipeline, rows), tmp_path)
    assert found["same"] == 1
    (memory,) = found["memory"]
    assert 0 < memory["begin"] <= memory["peak"]
    assert module.by_pipe(rows, annotator, 1).seconds > 0


def test_rows_that_differ_are_seen(
    benchmark_module: Any, pipeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    module = benchmark_module("scale.annotate")
    timed = benchmark_module("scale.contestants").Timed
    rows = rows_of(4)
    expected = module.expected_rows(pipeline, rows)
    changed = [*expected[:3], {**expected[3], "tags": []}]
    turns = [module.describe(timed(1.0, 2.0, changed), expected, tmp_path)]
    row = {"corpus": "gum", "n_texts": 4, "n_words": 28, "n_workers": 2, "machine": "here"}
    module.report_one({**row, "turns": {"apply, ray": turns}})
    printed = capsys.readouterr().out
    assert "| apply, ray | – | 14 | 1.0 | 75.000 % |" in printed

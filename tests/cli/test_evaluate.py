"""`spacy mtl evaluate`: scores with intervals, as text, JSON or a page."""

import json
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
import spacy
from evaluated import STYLE, examples_of, make
from several_heads import build
from spacy.cli._util import app
from spacy.tokens import DocBin, Token
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A pipeline, and corpora with and without annotation."""
    Token.set_extension(STYLE, default=None, force=True)
    folder = tmp_path_factory.mktemp("evaluate")
    nlp = build(tagger=("mtl_tagger", {}), ner=("mtl_ner", {}), textcat=("mtl_textcat", {}))
    nlp.initialize(lambda: examples_of(nlp))
    nlp.to_disk(folder / "pipeline")
    DocBin(docs=[make(nlp, i) for i in range(6)]).to_disk(folder / "test.spacy")
    DocBin(docs=[nlp.make_doc("Anna runs")]).to_disk(folder / "bare.spacy")
    DocBin().to_disk(folder / "empty.spacy")
    (folder / "damaged.spacy").write_bytes(b"no corpus")
    (folder / "texts.jsonl").write_text("{}")
    yield folder
    Token.remove_extension(STYLE)


@pytest.fixture
def run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")

    def invoke(corpus: str, *args: str, pipeline: str = "pipeline") -> Any:
        given = [str(folder / pipeline), str(folder / corpus), *args]
        return CliRunner().invoke(app, ["mtl", "evaluate", *given])

    return invoke


def test_text(run: Run, folder: Path) -> None:
    result = run("test.spacy", "--n-samples", "20")
    assert result.exit_code == 0, result.output
    nlp = spacy.load(folder / "pipeline")
    scores = nlp.evaluate(list(spacy.training.Corpus(folder / "test.spacy")(nlp)))
    lines = [line.split() for line in result.output.splitlines()]
    for task, key in (("tagger", "tag_acc"), ("ner", "ents_f"), ("textcat", "cats_score")):
        (row,) = (line for line in lines if line[:2] == [task, key])
        assert row[3] == f"{100 * scores[key]:.2f}"
    assert ["Errors", "by", "kind"] in lines


def test_json_and_file_are_the_same(run: Run) -> None:
    result = run("test.spacy", "--json", "-n", "20", "-o", "found.json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data == json.loads(Path("found.json").read_text(encoding="utf8"))
    assert list(data["tasks"]) == ["tagger", "ner", "textcat"]
    assert set(data["calibration"]) >= {"tagger", "textcat"}
    tagger = data["calibration"]["tagger"]
    # All tokens are tagged: what is right at full coverage is the accuracy.
    (whole,) = (each for each in tagger["coverage"] if each["coverage"] == 1.0)
    assert whole["precision"] == pytest.approx(data["tasks"]["tagger"]["score"])
    assert 0 <= tagger["error"] <= 1


def test_page(run: Run) -> None:
    result = run("test.spacy", "--quiet", "-n", "20", "-o", "found.html")
    assert (result.exit_code, result.stdout) == (0, "")
    text = Path("found.html").read_text(encoding="utf8")
    assert "ents_f" in text
    again = run("test.spacy", "--quiet", "-n", "20", "-o", "found.html")
    assert again.exit_code == 1
    assert "already exists" in again.output
    assert run("test.spacy", "-q", "-n", "20", "-o", "found.html", "--force").exit_code == 0
    assert Path("found.html").read_text(encoding="utf8") == text


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["missing.spacy"], "There is no corpus"),
        (["damaged.spacy"], "can't be read"),
        (["empty.spacy"], "has no documents"),
        (["texts.jsonl"], "texts.jsonl' is not a .spacy file. Name"),
        (["bare.spacy"], "no annotation for any task of the pipeline: ner, tagger, textcat"),
        (["test.spacy", "-o", "found.txt"], "does not end in .json or .html"),
        (["test.spacy", "-o", "new/found.html"], "There is no folder 'new'"),
        (["test.spacy", "--code", "missing.py"], "missing.py"),
    ],
)
def test_mistakes(run: Run, args: Any, says: str) -> None:
    result = run(*args)
    assert result.exit_code == 1
    assert says in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_no_pipeline(run: Run) -> None:
    result = run("test.spacy", pipeline="missing")
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert "neither a folder nor an installed package" in said

"""`spacy mtl report`: a page about a training."""

import json
import sys
from pathlib import Path
from typing import Any, Callable

import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import DocBin
from training_logs import log_row, write_log
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command where there is a training."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    write_log(Path("training/log.jsonl"), [log_row(0), log_row(50)])
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PER", "pattern": "Anna"}])
    nlp.to_disk("training/model-best")
    DocBin(docs=[nlp.make_doc(f"Anna runs {i}") for i in range(8)]).to_disk("dev.spacy")
    DocBin().to_disk("empty.spacy")
    Path("damaged.spacy").write_bytes(b"no corpus")
    return lambda *args: CliRunner().invoke(app, ["mtl", "report", *map(str, args)])


def test_page_in_the_folder(run: Run) -> None:
    result = run("training")
    assert result.exit_code == 0, result.output
    text = Path("training/report.html").read_text(encoding="utf8")
    assert "<title>Training: training</title>" in text
    again = run("training")
    assert again.exit_code == 1
    assert "already exists" in again.output
    assert run("training", "--force").exit_code == 0
    assert Path("training/report.html").read_text(encoding="utf8") == text


def test_documents(run: Run) -> None:
    result = run("training", "-o", "page.html", "--docs", "dev.spacy", "--n-docs", 3, "--json")
    assert result.exit_code == 0, result.output
    expected = {"output": "page.html", "steps": 50, "evaluations": 2, "documents": 3}
    assert json.loads(result.stdout) == expected
    text = Path("page.html").read_text(encoding="utf8")
    assert text.count('<mark class="entity"') == 3
    assert "PER" in text


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["missing"], "There is no folder 'missing'"),
        (["bare"], "There is no training log in 'bare'. Set output_file"),
        (["training", "-o", "page.pdf"], "does not end in .html"),
        (["training", "--docs", "missing.spacy"], "There is no file 'missing.spacy' for --docs"),
        (["training", "--docs", "empty.spacy"], "has no documents"),
        (["training", "--docs", "damaged.spacy"], "can't be read"),
        (["young", "--docs", "dev.spacy"], "There is no pipeline in 'young' to annotate"),
    ],
)
def test_mistakes(run: Run, args: Any, says: str) -> None:
    Path("bare").mkdir()
    write_log(Path("young/log.jsonl"), [])
    result = run(*args)
    assert result.exit_code == 1
    assert says in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert not list(Path().rglob("*.html"))


def test_without_matplotlib(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    missing: Any = None
    monkeypatch.setitem(sys.modules, "matplotlib", missing)
    result = run("training")
    assert result.exit_code == 1
    assert "pip install 'spacy-mtl[plots]'" in " ".join(result.output.split())
    assert "PlotsError" not in result.output


def test_a_training_of_a_comparison(run: Run) -> None:
    """Its page has the table of all. The folder of the comparison has many trainings."""
    scores = {"alone": 0.4, "joint": 0.5, "difference": 0.1, "interval": [0.05, 0.15]}
    tasks = {"ner": {**scores, "p": 0.01, "p_holm": 0.01, "verdict": "gain"}}
    for name in ("first", "joint.0", "joint.1"):
        write_log(Path(f"compared/runs/{name}/log.jsonl"), [log_row(0)])
    result = run("compared")
    assert result.exit_code == 1
    assert "--output of `spacy mtl compare`" in result.output
    assert "such as compared/runs/joint.0." in result.output
    assert run("compared/runs/joint.0", "-o", "without.html").exit_code == 0
    data = {"base": "alone", "compared": "joint", "tasks": tasks}
    Path("compared/comparison.json").write_text(json.dumps(data), encoding="utf8")
    assert run("compared/runs/joint.0", "-o", "with.html").exit_code == 0
    assert "+5.00 to +15.00" not in Path("without.html").read_text(encoding="utf8")
    assert "+5.00 to +15.00" in Path("with.html").read_text(encoding="utf8")

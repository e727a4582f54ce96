"""The command `spacy mtl apply`: one message for what is missing, before anything is written."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from engines_here import take_away
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)


@pytest.fixture(autouse=True)
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WASABI_LOG_FRIENDLY", "1")
    monkeypatch.setenv("COLUMNS", "1000")
    spacy.blank("en").to_disk("pipeline")
    Path("texts.jsonl").write_text('{"text": "a b"}\n')


def run(*args: str) -> Any:
    return CliRunner().invoke(app, ["mtl", "apply", "pipeline", "texts.jsonl", "out", *args])


@pytest.mark.parametrize(
    ("engine", "missing", "message"),
    [
        ("ray", "ray", "Ray isn't installed: pip install 'spacy-mtl[ray]', or use --engine local."),
        ("spark", "pyspark", "Spark isn't installed: pip install 'spacy-mtl[spark]', or use"),
        ("spark", "java", "Spark needs Java, but there is no command 'java', nor JAVA_HOME. Inst"),
    ],
)
def test_what_is_missing(
    engine: str, missing: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_away(missing, monkeypatch)
    result = run("--engine", engine)
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output
    # So it needs no --force when Java is there.
    assert not Path("out").exists()
    assert run().exit_code == 0


def test_unknown_engine() -> None:
    result = run("--engine", "dask")
    assert result.exit_code == 1
    assert "--engine 'dask' is unknown" in result.output
    assert "local, ray, spark" in result.output

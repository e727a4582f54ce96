"""Run the command as typed by a test."""

from typing import Any, Callable

import pytest
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command to spaCy's)


@pytest.fixture
def command(tmp_path, monkeypatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    return lambda *args: CliRunner().invoke(app, ["mtl", "convert", *map(str, args)])

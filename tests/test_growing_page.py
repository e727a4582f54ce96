"""The page about new tasks: its config and its commands, as printed."""

import json
import re
import shlex
from pathlib import Path

import pytest
import spacy
from grown_pipelines import new_docs, trained
from inside_pipelines import HARD
from spacy.cli._util import app
from spacy.tokens import DocBin
from tiny_corpus import make_docs
from typer.testing import CliRunner

PAGE = (Path(__file__).parent.parent / "docs/growing.md").read_text(encoding="utf8")
SHORT = ["--training.max_steps", "4", "--json"]


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (config,) = re.findall(r"^```ini\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    Path("genre.cfg").write_text(config, encoding="utf8")
    Path("training").mkdir()
    trained(HARD).to_disk("training/model-best")
    for name in ("genre-train.spacy", "genre-dev.spacy"):
        DocBin(docs=new_docs()).to_disk(name)
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk("old-texts.spacy")
    commands = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    ways = []
    for line in "".join(commands).splitlines():
        result = CliRunner().invoke(app, [*shlex.split(line)[3:], *SHORT])
        assert result.exit_code == 0, (result.output, result.exception)
        found = json.loads(result.stdout)
        assert spacy.load(found["output"]).pipe_names[-1] == "genre"
        ways.append((found["way"], found["kept"]))
    assert ways == [("freeze", True), ("adapter", True), ("rehearse", False)]

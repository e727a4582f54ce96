"""The page about new tasks: its config and its commands, as printed."""

import json
import re
import shlex
from pathlib import Path

import numpy
import pytest
import spacy
from grown_pipelines import new_docs, trained
from inside_pipelines import HARD
from spacy.cli._util import app
from spacy.tokens import DocBin
from spacy.training import Corpus
from spacy.training.initialize import init_nlp
from thinc.api import Config
from tiny_corpus import make_docs
from training_steps import parameters
from typer.testing import CliRunner

PAGE = (Path(__file__).parent.parent / "docs/growing.md").read_text(encoding="utf8")
CONFIGS = re.findall(r"^```ini\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SHORT = ["--training.max_steps", "4", "--json"]


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config, _ = CONFIGS
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


def test_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("training").mkdir()
    trained(HARD).to_disk("training/model-best")
    DocBin(docs=new_docs()).to_disk("genre.spacy")
    _, text = CONFIGS
    config = spacy.blank("en").config.merge(Config().from_str(text))
    for split in ("train", "dev"):
        config["corpora"][split]["path"] = "genre.spacy"
    nlp, old = init_nlp(config), spacy.load("training/model-best")
    assert nlp.pipe_names == ["mtl", "ner", "genre"]
    assert parameters(nlp, "ner") == parameters(old, "ner")
    assert numpy.array_equal(nlp("old books").tensor, old("old books").tensor)
    before = parameters(nlp, *nlp.pipe_names)
    nlp.update(list(Corpus("genre.spacy")(nlp)), sgd=nlp.resume_training())
    assert parameters(nlp, *nlp.pipe_names) != before

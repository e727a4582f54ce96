"""`spacy mtl init-config` and `spacy mtl list` on the command line."""

import json
import re
from pathlib import Path
from typing import Any, Callable

import pytest
from small_corpora import write_corpus
from spacy.cli._util import app
from spacy.util import load_config, load_config_from_str
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the commands)
from spacy_mtl.cli.list import KIND_NAMES
from spacy_mtl.recommend.catalog import KINDS

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("WASABI_LOG_FRIENDLY", "1")
    write_corpus(Path("all.spacy"), tags="NN", ents="PER")
    write_corpus(Path("topics.spacy"), cats="ab")
    return lambda *args: CliRunner().invoke(app, ["mtl", *map(str, args)])


@pytest.fixture
def init(run: Run, encoder_dir: str) -> Run:
    return lambda *args: run("init-config", *args, "--encoder", encoder_dir)


def refused(result: Any) -> str:
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return " ".join(re.sub("\x1b.*?m", "", result.output).split())


def test_file(init: Run) -> None:
    result = init("made.cfg", "-t", "all.spacy", "-d", "all.spacy")
    assert result.exit_code == 0, result.output
    assert "Tasks: tagger (mtl_tagger), ner (mtl_ner)" in result.output
    assert "Saved the config: made.cfg" in result.output
    assert "python -m spacy train made.cfg --output training" in result.output
    assert load_config("made.cfg")["nlp"]["pipeline"] == ["mtl", "tagger", "ner"]


def test_standard_output_has_only_the_config(init: Run) -> None:
    result = init("-", "--train", "all.spacy", "--dev", "all.spacy", "--pipeline", "ner, tagger")
    assert result.exit_code == 0, result.output
    config = load_config_from_str(result.stdout, interpolate=False)
    assert config["nlp"]["pipeline"] == ["mtl", "ner", "tagger"]
    found = json.loads(init("-", "--pipeline", "ner", "--json").stdout)
    assert found["output"] is None
    assert load_config_from_str(found["config"])["nlp"]["pipeline"] == ["mtl", "ner"]


def test_several_corpora(init: Run) -> None:
    corpora = ["-t", "all.spacy", "-t", "topics.spacy", "-d", "all.spacy", "-d", "topics.spacy"]
    result = init("made.cfg", *corpora, "--schedule", "roundrobin", "--weighting", "pcgrad")
    assert result.exit_code == 0, result.output
    config = load_config("made.cfg")
    schedule = config["corpora"]["train"]["schedule"]["@mtl_schedules"]
    assert schedule == "spacy_mtl.RoundRobin.v1"
    weighting = config["components"]["mtl"]["weighting"]["@mtl_weightings"]
    assert weighting == "spacy_mtl.PCGrad.v1"


def test_existing_file(init: Run) -> None:
    Path("made.cfg").write_text("mine")
    assert "'made.cfg' exists" in refused(init("made.cfg", "--pipeline", "ner"))
    assert Path("made.cfg").read_text() == "mine"
    assert init("made.cfg", "--pipeline", "ner", "--force").exit_code == 0
    assert load_config("made.cfg")["nlp"]["pipeline"] == ["mtl", "ner"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["."], "'.' is a folder Name a file in it"),
        (["new/made.cfg"], "There is no folder 'new' for 'new/made.cfg'"),
        (["made.cfg", "--optimize", "acuracy"], "neither efficiency nor accuracy Did you mean"),
        (["made.cfg", "--pipeline", "ner,"], "--pipeline 'ner,' has an empty name"),
        (["made.cfg", "--pipeline", "nre"], "no head 'nre'. Did you mean 'ner'"),
        (["made.cfg", "--weighting", "Balancd"], "Did you mean 'Balanced'"),
        (["made.cfg", "--lang", "EN"], "No module named 'spacy.lang.EN'. Did you mean 'en'?"),
        (["made.cfg", "--lang", "english"], "Specify the code of a language of spaCy's, such as"),
        (["made.cfg", "--lang", "eng"], "--lang eng: spaCy's code of this language is 'en'"),
        (["made.cfg", "--code", "no.py"], "no.py"),
        (["made.cfg", "--train", "all.spacy"], "There are 1 --train and 0 --dev"),
    ],
)
def test_mistakes(init: Run, args: Any, says: str) -> None:
    assert says in refused(init(*args))
    assert not Path("made.cfg").exists()


def test_code_registers_methods(init: Run) -> None:
    Path("own.py").write_text(
        "from spacy_mtl.registry import registry\n\n\n"
        '@registry.mtl_schedules("own.Other.v1")\n'
        "def create(needed: int):\n"
        "    return lambda progress: progress.sizes\n"
    )
    corpora = ["-t", "all.spacy", "-t", "topics.spacy", "-d", "all.spacy", "-d", "topics.spacy"]
    said = refused(init("made.cfg", *corpora, "--schedule", "own.Other.v1", "--code", "own.py"))
    assert "The schedule 'own.Other.v1' needs needed, which can't be known" in said


def test_kinds() -> None:
    """They are written out for the help, because importing the list takes time."""
    assert tuple(KINDS) == KIND_NAMES


def test_list(run: Run) -> None:
    result = run("list", "weightings")
    assert result.exit_code == 0, result.output
    (line,) = (line for line in result.stdout.splitlines() if "PCGrad" in line)
    assert re.split("  +", line.strip()) == [
        "spacy_mtl.PCGrad.v1",
        "Gradient surgery: each gradient loses its components against the others.",
        "Yu et al. 2020, arXiv:2001.06782",
    ]
    found = json.loads(run("list", "schedules", "--json").stdout)["schedules"]
    assert {"spacy_mtl.Bandit.v1", "spacy_mtl.Uniform.v1"} <= {each["name"] for each in found}


def test_list_of_nothing(run: Run) -> None:
    said = refused(run("list", "weighting"))
    assert "There is nothing to list called 'weighting'" in said
    assert "Did you mean 'weightings'? Choose one of: weightings, sharing" in said

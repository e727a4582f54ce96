"""`spacy mtl add-label`: labels for a trained head, and what it says about them."""

import json
import re
from pathlib import Path
from typing import Any, Callable

import pytest
import spacy
from learning_heads import example
from rehearsals import examples_of, texts, trained
from spacy.cli._util import app
from thinc.api import Adam
from typer.testing import CliRunner

import spacy_mtl
import spacy_mtl.cli
from spacy_mtl.files import damaged_files
from spacy_mtl.heads.calibration import Calibration

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a trained pipeline. Don't write to it."""
    path = tmp_path_factory.mktemp("saved") / "trained"
    trained().to_disk(path)
    return path


@pytest.fixture
def run(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    Path("trained").symlink_to(saved)
    return lambda *args: CliRunner().invoke(app, ["mtl", "add-label", *map(str, args)])


def said(result: Any) -> str:
    """RETURNS (str): The output in one line, without colors."""
    return " ".join(re.sub("\x1b.*?m", "", result.output).split())


def refused(result: Any, match: str) -> None:
    assert result.exit_code == 1, result.output
    assert re.search(match, said(result)), said(result)
    assert not Path("out").exists()


def test_grows_and_learns(run: Run) -> None:
    """As it says: trained and rehearsed, it has the new label, and the old ones."""
    result = run("trained", "ner", "EVENT", "DATE", "-o", "out")
    assert result.exit_code == 0, result.output
    assert "Added to 'ner': 'EVENT', 'DATE'. It has 4 labels now." in said(result)
    assert "spacy_mtl.rehearse(nlp, spacy.load('trained'), examples, sgd)" in said(result)
    assert not damaged_files(Path("out"))
    old, nlp = spacy.load("trained"), spacy.load("out")
    assert nlp.get_pipe("ner").labels == ("PER", "LOC", "EVENT", "DATE")  # type: ignore[attr-defined]
    sentences = [eg.text for eg in texts(nlp)]
    before = [[str(ent) for ent in old(text).ents] for text in sentences]
    assert [[str(ent) for ent in nlp(text).ents] for text in sentences] == before
    new, sgd = example(nlp, "zebra crossing", entities=["U-EVENT", "O"]), Adam(0.01)
    for _ in range(25):
        nlp.update([new, *examples_of(nlp)], sgd=sgd)
        spacy_mtl.rehearse(nlp, old, texts(nlp), sgd)
    assert [ent.label_ for ent in nlp("zebra crossing").ents] == ["EVENT"]


def test_notes(run: Run, saved: Path) -> None:
    nlp = spacy.load(saved)
    ner: Any = nlp.get_pipe("ner")
    ner.calibration, ner.threshold = Calibration(2.0), {"PER": 0.1}
    textcat: Any = nlp.get_pipe("textcat")
    textcat.cfg["positive_label"] = "a"
    nlp.config["training"]["frozen_components"] = ["textcat"]
    nlp.to_disk("adjusted")
    config = Path("adjusted/config.cfg").read_text()
    block = '\n[components.tagger.teacher]\npath = "nowhere"\nweight = 0.5\n'
    without = re.sub(r"(\[components.tagger\]\n(?:.+\n)*?)teacher = null\n", r"\1", config)
    Path("adjusted/config.cfg").write_text(without + block)
    notes = {}
    for head, label in (("ner", "X"), ("textcat", "m:p"), ("tagger", "X"), ("multi", "m:r")):
        result = run("adjusted", head, label, "-o", f"out-{head}", "--json")
        assert result.exit_code == 0, result.output
        found = json.loads(result.stdout)
        assert found["labels"][-1:] == found["added"] == [label]
        assert (found["head"], found["output"]) == (head, f"out-{head}")
        notes[head] = " ".join(found["notes"])
    assert "keeps its calibration. Calibrate it again" in notes["ner"]
    assert "has thresholds by label, and none for new ones" in notes["ner"]
    assert "The heads 'textcat' and 'multi' both set 'doc.cats['m:p']'" in notes["textcat"]
    assert "'positive_label', which only counts with two labels" in notes["textcat"]
    assert "'textcat' is frozen, so that it neither learns nor rehearses" in notes["textcat"]
    assert "has a teacher, which must have the same labels" in notes["tagger"]
    assert notes["multi"] == ""
    grown: Any = spacy.load("out-ner").get_pipe("ner")
    assert (grown.calibration, grown.threshold) == (Calibration(2.0), {"PER": 0.1})


def test_refused(run: Run) -> None:
    refused(run("trained", "ner", "X", "LOC", "-o", "out"), "has the label 'LOC' already. Leave it")
    refused(run("trained", "ner", "X", "X", "-o", "out"), "'X' is given more than once")
    refused(run("trained", "nerr", "X", "-o", "out"), "'nerr' is unknown.*Did you mean 'ner'?")
    refused(
        run("trained", "mtl", "X", "-o", "out"),
        "'mtl' is a component of the factory 'mtl', but it must be a head .*: tagger, ner",
    )
    refused(run("nowhere", "ner", "X", "-o", "out"), "neither a folder nor an installed package")
    refused(run("trained", "multi", "X", "-o", "out"), "start with 'm:'.* Add 'm:X'")
    refused(run("trained", "ner", "", "-o", "out"), "must be non-empty")
    refused(run("trained", "ner", "X ", "-o", "out"), "'X ' begins or ends with a space")
    refused(run("trained", "ner", "X", "-o", "trained/out"), "It is needed to rehearse")


def test_existing_output(run: Run, saved: Path) -> None:
    """It is replaced with --force, and stays if there is an error."""
    Path("out").mkdir()
    spacy.load(saved).to_disk("out")
    result = run("trained", "tagger", "X", "-o", "out")
    assert result.exit_code == 1
    assert "with --force" in said(result)
    assert run("trained", "tagger", "NN", "-o", "out", "--force").exit_code == 1
    assert "X" not in spacy.load("out").get_pipe("tagger").labels  # type: ignore[attr-defined]
    assert run("trained", "tagger", "X", "-o", "out", "--force").exit_code == 0
    assert "X" in spacy.load("out").get_pipe("tagger").labels  # type: ignore[attr-defined]


def test_head_without_training(run: Run) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("mtl")
    nlp.add_pipe("mtl_ner", name="ner")
    nlp.to_disk("untrained")
    refused(run("untrained", "ner", "X", "-o", "out"), "'ner' isn't trained. List its labels in")

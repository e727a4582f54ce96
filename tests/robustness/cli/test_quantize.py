"""Invalid input of `quantize`, and files that it must not overwrite."""

import shutil
from pathlib import Path

import pytest
import spacy
from cases import Case, Refused, check, name_of
from spacy.cli._util import app
from typer.testing import CliRunner

QUANTIZE = [
    Case("loss of NaN", "trained out --max-loss nan", Refused("--max-loss", "nan")),
    Case("infinite loss", "trained out --max-loss inf", Refused("--max-loss", "inf")),
    Case("infinite gain", "trained out --max-loss -inf", Refused("--max-loss", "inf")),
    Case("more than all", "trained out --max-loss 101", Refused("--max-loss", "from -100 to 100")),
    Case("a loss of text", "trained out --max-loss lots", Refused("--max-loss", "valid number")),
    Case("onto itself", "trained trained --force", Refused("'trained' itself")),
    Case("onto itself by a link", "trained link --force", Refused("'trained' itself")),
    Case("onto itself by dots", "trained x/../trained -f", Refused("'trained' itself")),
    Case("into itself", "trained trained/int8", Refused("is inside", "Use another folder")),
    Case(
        "onto its parent",
        "trained . --force",
        Refused("contains the pipeline", "Use another folder"),
    ),
    Case("onto a file", "trained a-file", Refused("'a-file' is a file")),
    Case(
        "onto others' files",
        "trained theirs -f",
        Refused("'theirs'", "something other than a pipeline: 'notes'", "Use another"),
    ),
    Case("onto a project", "trained project -f", Refused("than a pipeline: 'corpus' and 1 more")),
    Case("onto a project's config", "trained config -f", Refused("there is no meta.json")),
    Case(
        "onto a pipeline in git",
        "trained in-git -f",
        Refused("than a pipeline: '.git'", "'in-git'"),
    ),
    Case("onto half a pipeline", "trained half -f", Refused("there is no tokenizer")),
    Case("onto a config of nothing", "trained cut -f", Refused("its config.cfg cannot be read")),
    Case(
        "into a folder that is not empty",
        "trained theirs",
        Refused("'theirs' is not empty", "--force"),
    ),
    Case("no pipeline", "nowhere out", Refused("nowhere")),
    Case("no such code", "trained out --code nope.py", Refused("nope.py", "not found")),
]


@pytest.mark.parametrize("case", QUANTIZE, ids=name_of)
def test_quantize(case: Case, here: Path) -> None:
    spacy.blank("en").to_disk("trained")
    (here / "link").symlink_to("trained")
    for name in ("theirs", "project", "config", "in-git", "half", "cut"):
        if name in ("in-git", "half", "cut"):
            shutil.copytree("trained", name)
        else:
            (here / name).mkdir()
    (here / "theirs" / "notes").write_text("theirs")
    for name in ("project", "config"):
        (here / name / "config.cfg").write_text(Path("trained/config.cfg").read_text())
    (here / "project" / "corpus").mkdir()
    (here / "project" / "project.yml").write_text("")
    (here / "in-git" / ".git").mkdir()
    (here / "half" / "tokenizer").unlink()
    (here / "cut" / "config.cfg").write_text("[nlp")
    before = sorted(str(path) for path in here.rglob("*"))

    def go(given: str) -> str:
        result = CliRunner().invoke(app, ["mtl", "quantize", *given.split()])
        assert result.exit_code
        assert isinstance(result.exception, SystemExit)
        raise ValueError(" ".join(result.output.split()))

    check(case, go)
    assert sorted(str(path) for path in here.rglob("*")) == before
    spacy.load("trained")

"""`spacy mtl show`: prints and draws what a sharing scheme has learned."""

import errno
import json
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Any, Callable
from xml.etree import ElementTree

import pytest
import spacy
from fixed_structure import RELATIONS, TITLE, TREE, WITHOUT_TABLES, make_sharing
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)

Run = Callable[..., Any]
HARD = "spacy_mtl.HardSharing.v1"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    return lambda *args: CliRunner().invoke(app, ["mtl", "show", *map(str, args)])


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a pipeline with this scheme. Don't write to it."""
    folder = tmp_path_factory.mktemp("saved")

    def save(architecture: str) -> Path:
        path = folder / architecture
        if not path.exists():
            make_sharing(architecture).to_disk(path)
        return path

    return save


def refused(result: Any) -> str:
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return plain(result.output)


def plain(text: str) -> str:
    """RETURNS (str): Text in one line, without colors."""
    return " ".join(re.sub("\x1b.*?m", "", text).split())


def test_scheme_and_tables(run: Run, saved: Any) -> None:
    result = run(saved(TITLE))
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    start = lines.index(f"scheme {TITLE}")
    assert "= mtl =" in lines[start - 2]
    assert lines[start : start + 7] == [
        f"scheme {TITLE}",
        "tasks tagger, ner, textcat",
        "parameters 1,040",
        "shared 272",
        "of tagger 256",
        "of ner 256",
        "of textcat 256",
    ]
    assert f"relations: {RELATIONS.note}" in lines
    assert "ner 0.750 1.000 0.125" in lines
    assert f"tree: {TREE.note}" in lines
    assert "textcat 0 1" in lines


@pytest.mark.parametrize(
    ("architecture", "n_parameters", "sentence"),
    [
        (HARD, "0", "Every task sees the shared representation itself."),
        (WITHOUT_TABLES, "1,040", "Every task has a view of its own. This scheme has no tables"),
    ],
)
def test_scheme_without_tables(
    run: Run, saved: Any, architecture: str, n_parameters: str, sentence: str
) -> None:
    result = run(saved(architecture))
    assert result.exit_code == 0, result.output
    assert sentence in result.output
    rows = [line.split() for line in result.output.splitlines()]
    assert ["scheme", architecture] in rows
    assert ["parameters", n_parameters] in rows
    assert any(row[:1] == ["shared"] for row in rows) == (architecture == WITHOUT_TABLES)


def test_json_is_all_that_is_printed(run: Run, saved: Any) -> None:
    result = run(saved(TITLE), "--json", "--output", "learned.svg")
    assert result.exit_code == 0, result.output
    assert [table["title"] for table in json.loads(result.stdout)] == ["relations", "tree"]
    assert json.loads(result.stdout)[0]["values"] == RELATIONS.values
    assert Path("learned.svg").is_file()
    result = run(saved(HARD), "--json")
    assert json.loads(result.stdout) == []


def test_drawing(run: Run, saved: Any) -> None:
    Path("learned.svg").write_text("an older drawing", encoding="utf8")
    for name in ("learned.svg", "LEARNED.SVG", Path("learned.svg").resolve()):
        result = run(saved(TITLE), "--output", name, "--force")
        assert result.exit_code == 0, result.output
        assert f"Saved the drawing: {name}" in plain(result.output)
        root = ElementTree.parse(name).getroot()
        assert root[0].text == f"What {TITLE} has learned about the tasks"
        assert "relations" in "".join(root.itertext())
    assert sorted(path.name for path in Path().iterdir()) == ["LEARNED.SVG", "learned.svg"]


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (
            "learned.png",
            "--output 'learned.png' does not end in .svg The ending says what",
        ),
        ("learned", "--output 'learned' does not end in .svg"),
        (".svg", "--output '.svg' does not end in .svg"),
        ("folder.svg", "--output 'folder.svg' is a folder Name a file in it"),
        ("new/learned.svg", "There is no folder 'new' for --output 'new/learned.svg' Create it"),
        ("file/learned.svg", "There is no folder 'file' for --output"),
    ],
)
def test_output_that_cannot_be_written(run: Run, saved: Any, output: str, says: str) -> None:
    Path("folder.svg").mkdir()
    Path("file").touch()
    assert says in refused(run(saved(TITLE), "--output", output))
    assert sorted(path.name for path in Path().iterdir()) == ["file", "folder.svg"]


def test_nothing_to_draw(run: Run, saved: Any) -> None:
    found = refused(run(saved(HARD), "--output", "learned.svg"))
    assert f"There is nothing to draw for {HARD}. Every task sees the shared" in found
    assert "Leave out --output" in found
    assert not Path("learned.svg").exists()


def test_full_disk_keeps_the_old_file(
    run: Run, saved: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("learned.svg").write_text("an older drawing", encoding="utf8")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    found = refused(run(saved(TITLE), "--output", "learned.svg", "--force"))
    assert "Cannot show" in found
    assert "No space left" in found
    assert [path.name for path in Path().iterdir()] == ["learned.svg"]
    assert Path("learned.svg").read_text(encoding="utf8") == "an older drawing"
    assert stat.S_ISREG(Path("learned.svg").stat().st_mode)


def test_no_pipeline(run: Run) -> None:
    found = refused(run("missing"))
    assert "Cannot show" in found
    assert "[E050] Can't find model 'missing'" in found


def test_no_joint_component(run: Run) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk("blank")
    found = refused(run("blank"))
    assert "The pipeline has no joint component (factory 'mtl')" in found
    assert "Its components are sentencizer" in found


def test_unknown_scheme_needs_its_code(run: Run, saved: Any) -> None:
    text = (saved(HARD) / "config.cfg").read_text(encoding="utf8")
    shutil.copytree(saved(HARD), "changed")
    Path("changed/config.cfg").write_text(text.replace(HARD, "own.Hard.v1"), encoding="utf8")
    assert "own.Hard.v1" in refused(run("changed"))
    Path("own.py").write_text(
        "from spacy.util import registry\n"
        "from spacy_mtl.sharing.hard import HardSharing\n\n"
        'registry.architectures.register("own.Hard.v1", func=HardSharing)\n',
        encoding="utf8",
    )
    result = run("changed", "--code", "own.py")
    assert result.exit_code == 0, result.output
    assert "own.Hard.v1" in result.output

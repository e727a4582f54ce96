import os

import pytest
from spacy.cli._util import app
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_mtl.cli import mtl_cli
from spacy_mtl.cli.convert import FORMAT_NAMES, SCHEME_NAMES
from spacy_mtl.corpus.convert import FORMATS, SCHEMES


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Keeps output lines from wrapping.
    monkeypatch.setenv("COLUMNS", "300")

    def run(*args):
        return CliRunner().invoke(app, ["mtl", "convert", *map(str, args)])

    return run


def test_command_is_part_of_spacys(run):
    result = run("--help")
    assert result.exit_code == 0
    for name in ("--format", "--n-sents", "--cats-from", "--labels", *FORMATS):
        assert name in result.output
    assert mtl_cli.info.name == "mtl"


def test_names_in_the_help():
    """They are written out there, because importing the converters takes time."""
    assert FORMAT_NAMES.split(", ") == ["auto", *FORMATS]
    assert SCHEME_NAMES.split(", ") == list(SCHEMES)


def test_convert_and_summary(run, tmp_path):
    (tmp_path / "a.csv").write_text("Rome is big,x\n,y\n")
    result = run("a.csv", "out/a.spacy", "--format", "csv", "--labels", "x, y,z")
    assert result.exit_code == 0, result.output
    assert len(DocBin().from_disk(tmp_path / "out" / "a.spacy")) == 1
    for words in ("documents 1", "tokens 3", "tag 0 missing", "cats 1 of 1 documents, 3 labels"):
        assert words in " ".join(result.output.split())
    assert "Left out: document without words (1)" in result.output


def test_options_reach_the_format(run, tmp_path):
    rows = "# kind = x\n1\ta" + "\t_" * 8 + "\n\n"
    (tmp_path / "a.conllu").write_text(rows * 4)
    result = run("a.conllu", "a.spacy", "-n", 2, "-c", "kind", "-e", "none", "-u")
    assert result.exit_code == 0, result.output
    assert "Saved 2 documents: a.spacy" in result.output


def test_columns_without_entities(run, tmp_path):
    (tmp_path / "a.iob").write_text("a DT\n")
    result = run("a.iob", "a.spacy", "--no-ner", "--tag-column", 1)
    assert result.exit_code == 0, result.output
    assert "tag 1 of 1 tokens" in " ".join(result.output.split())


def test_several_inputs_and_skipped_files(run, tmp_path):
    for name in ("train.iob", "dev.iob", "README.md"):
        (tmp_path / name).write_text("a O\n" if name != "README.md" else "Plain text\n")
    assert run("train.iob", "dev.iob", "out").exit_code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["dev.spacy", "train.spacy"]
    assert "Skipped, not in the format: README.md" in run(".", "out", "--force").output


def test_nothing_is_replaced_without_force(run, tmp_path):
    (tmp_path / "a.iob").write_text("a O\n")
    (tmp_path / "b.iob").write_text("b O\n")
    assert run("a.iob", "out").exit_code == 0
    before = (tmp_path / "out/a.spacy").read_bytes()
    (tmp_path / "a.iob").write_text("another O\n")
    result = run("a.iob", "b.iob", "out")
    assert result.exit_code == 1
    assert "out/a.spacy: there is such a file already" in " ".join(result.output.split())
    assert "--force" in result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.spacy"]
    assert (tmp_path / "out/a.spacy").read_bytes() == before
    assert run("a.iob", "b.iob", "out", "--force").exit_code == 0
    assert (tmp_path / "out/a.spacy").read_bytes() != before


@pytest.mark.parametrize(
    "text,args,message",
    [
        ("a O\nb X\n", ["a.iob", "a.spacy"], "a.iob, line 2: 'X' is not an entity tag"),
        ("a O\n", ["no.iob", "a.spacy"], "no.iob: there is no such file"),
        ("a O\n", ["a.iob", "a.spacy", "-f", "x"], "unknown format 'x'"),
        ("a O\n", ["a.iob", "a.spacy", "-c", "x"], "has no option 'cats_from'"),
        ("a O\n", ["a.iob", "a.iob/x.spacy"], "a.iob"),
        ("a O\n", ["a.iob", "a.spacy", "--labels", ""], "the label '' in labels is empty"),
        ("a O\n", ["a.iob", "a.spacy", "--no-ner", "--ner-column", "1"], "contradict each other"),
    ],
)
def test_errors_have_no_traceback(run, tmp_path, text, args, message):
    (tmp_path / "a.iob").write_text(text)
    result = run(*args)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "Cannot convert" in result.output
    assert message in " ".join(result.output.split())
    assert [path.name for path in tmp_path.iterdir()] == ["a.iob"]


def test_columns_found_are_printed(run, tmp_path):
    (tmp_path / "a.tsv").write_text("word\ttag\nRome\tB-x\n\u00a0\tI-x\n% note\n", encoding="utf-8")
    result = run("a.tsv", "a.spacy", "--comment", "%")
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    for words in (
        "Format: iob (its rows end in entity tags)",
        "Found words: column 0 of 2",
        "Found comments: 1 lines that start with %, left out",
        "Found entity tags: column 1 of 2",
        "Found header: line 1: word, tag (it has usual names)",
        "Left out: whitespace at the beginning or end of an entity (1)",
    ):
        assert words in output


def test_skipped_pipes_are_named(run, tmp_path):
    os.mkfifo(tmp_path / "b.iob")
    (tmp_path / "a.iob").write_text("a O\n")
    assert "Skipped, not a regular file: b.iob" in run(".", "out").output

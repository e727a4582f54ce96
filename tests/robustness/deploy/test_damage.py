"""Files that are damaged, missing or the wrong ones."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from cases import Case, name_of
from found_in_pipelines import check_findings, found
from saved_changes import in_config, in_json, nan_in, swap, truncate, write

from spacy_mtl.deploy.check import check_pipeline
from spacy_mtl.deploy.findings import DAMAGE
from spacy_mtl.files import CHECKSUMS

CASES = [
    # Damage.
    Case("an unreadable config", write("config.cfg", "[nlp"), found(DAMAGE, "config.cfg")),
    Case("an empty config", write("config.cfg", ""), found(DAMAGE, "config.cfg", "[nlp]")),
    Case("no meta", lambda f: (f / "meta.json").unlink(), found(DAMAGE, "meta.json")),
    Case("a truncated meta", truncate("meta.json", 0.5), found(DAMAGE, "meta.json")),
    Case("a meta that is a list", write("meta.json", "[]"), found(DAMAGE, "meta.json", "list")),
    Case(
        "another spaCy",
        in_json("meta.json", spacy_version=">=4.0.0,<4.1.0"),
        found(DAMAGE, "meta.json", "spaCy >=4.0.0", spacy.__version__),
    ),
    Case(
        "a package that is not installed",
        in_json("meta.json", requirements=["spacy-no-such-thing>=1.0"]),
        found(DAMAGE, "meta.json", "spacy-no-such-thing>=1.0", "not installed"),
    ),
    Case(
        "a package of another version",
        in_json("meta.json", requirements=["spacy-mtl>=99.0"]),
        found(DAMAGE, "meta.json", "spacy-mtl>=99.0", "is installed"),
    ),
    Case(
        "an unknown function",
        in_config("spacy_mtl.Constant.v1", "mine.Constant.v1"),
        found(DAMAGE, "components.mtl.weighting", "mine.Constant.v1", "--code"),
    ),
    Case(
        "an unknown factory",
        in_config('factory = "mtl_ner"', 'factory = "my_ner"'),
        found(DAMAGE, "components.ner", "my_ner"),
    ),
    Case("no model", lambda f: (f / "ner/model").unlink(), found(DAMAGE, "ner/model", "no such")),
    Case("no component", lambda f: shutil.rmtree(f / "ner"), found(DAMAGE, "ner/model")),
    Case("an empty model", truncate("ner/model", 0), found(DAMAGE, "ner/model")),
    Case("a truncated model", truncate("mtl/model", 0.9), found(DAMAGE, "mtl/model")),
    Case(
        "a model that is a text", write("ner/model", "a text"), found(DAMAGE, "ner/model", "read")
    ),
    Case(
        "a model that is a list",
        lambda f: (f / "ner/model").write_bytes(srsly.msgpack_dumps([1])),
        found(DAMAGE, "ner/model", "lists"),
    ),
    Case("swapped models", swap("ner/model", "tagger/model"), found(DAMAGE, "ner/cfg", "classes")),
    Case("weights that are NaN", nan_in("ner"), found(DAMAGE, "ner/model", "NaN")),
    Case(
        "one label missing",
        in_json("ner/cfg", labels=["PER"]),
        found(DAMAGE, "ner/cfg", "1 labels", "5 classes", "scores 9"),
    ),
    Case(
        "one extra label",
        in_json("textcat/cfg", labels=["a", "b", "c"]),
        found(DAMAGE, "textcat/cfg", "3 classes", "scores 2"),
    ),
    Case(
        "labels that are letters", in_json("ner/cfg", labels="PER"), found(DAMAGE, "ner/cfg", "PER")
    ),
    Case("labels of null", in_json("ner/cfg", labels=None), found(DAMAGE, "ner/cfg")),
    Case("no labels", write("ner/cfg", "{}"), found(DAMAGE, "ner/cfg", "labels")),
    Case("a broken cfg", write("ner/cfg", "{"), found(DAMAGE, "ner/cfg")),
    Case(
        "changed bytes",
        lambda f: (f / "vocab/key2row").write_bytes(b"\x81\x01\x01"),
        found(DAMAGE, CHECKSUMS, "vocab/key2row"),
    ),
    Case(
        "a missing file",
        lambda f: (f / "tokenizer").unlink(),
        found(DAMAGE, CHECKSUMS, "tokenizer"),
    ),
    Case("broken checksums", write(CHECKSUMS, "[1]"), found(DAMAGE, CHECKSUMS)),
    Case("a named pipe", lambda f: os.mkfifo(f / "mtl/more"), found(DAMAGE, "mtl/more", "end")),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_saved_pipeline(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_findings(case, folder, monkeypatch)


def test_inaccessible_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors are simulated, as the tests may run as root."""
    closed = {str(folder / "ner"), str(folder / "mtl/model")}
    scandir, read = os.scandir, Path.read_bytes

    def scan(path: Any) -> Any:
        if str(path) in closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    def read_bytes(path: Path) -> bytes:
        if str(path) in closed:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(os, "scandir", scan)
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    findings = check_pipeline(str(folder)).findings
    assert {each.kind for each in findings} == {DAMAGE}
    text = " ".join(f"{each.where}: {each.text}" for each in findings)
    assert "mtl/model: It can't be read: [Errno 13]" in text
    assert "ner: It can't be opened" in text


def test_failed_checks_are_findings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("spacy_mtl.deploy.check_component.unpack_plain", fail)
    monkeypatch.setattr("spacy_mtl.deploy.check_component.check_labels", fail)
    findings = check_pipeline(str(folder)).findings
    assert {each.kind for each in findings} == {DAMAGE}
    assert {each.where for each in findings} == {
        *("mtl/model", "ner/cfg", "tagger/cfg", "textcat/cfg"),
    }

"""Configs, metas and files that aren't a valid pipeline."""

import json
from pathlib import Path

import pytest
from cases import Case, Gives, name_of
from found_in_pipelines import check_findings, found
from saved_changes import (
    grow,
    in_json,
    link_folder,
    link_loop,
    pipe,
    set_component,
    set_pipeline,
    write,
)
from typer.testing import CliRunner

from spacy_mtl.cli import mtl_cli
from spacy_mtl.deploy.findings import DAMAGE, DANGER
from spacy_mtl.files import CHECKSUMS

CASES = [
    # Invalid pipelines, and those made to break the check.
    Case("a pipeline that is a number", set_pipeline("3"), found(DAMAGE, "[nlp]", "pipeline", "3")),
    Case("a pipeline that is a word", set_pipeline('"ner"'), found(DAMAGE, "[nlp]", "list")),
    Case("a list in it", set_pipeline('[["a"]]'), found(DAMAGE, "[nlp]", "['a']", "names")),
    Case("a name twice", set_pipeline('["ner","ner"]'), found(DAMAGE, "[nlp]", "more than once")),
    Case("no block", set_pipeline('["x"]'), found(DAMAGE, "components.x", "no such block")),
    Case("a block that is a number", set_component, found(DAMAGE, "components.ner", "3", "[nlp]")),
    *(
        Case(
            f"a component named {name}",
            set_pipeline(json.dumps([name])),
            found(DANGER, "[nlp]", "plain name", "not opened"),
        )
        for name in ("../secret", "/", "..", ".", "", "a/b", "a\\b", "C:")
    ),
    Case("a component that is a link", link_folder, found(DANGER, "ner", "link out")),
    Case("a link loop", link_loop, found(DAMAGE, "ner/model", "broken link")),
    *(
        Case(f"{file}, larger than memory", grow(file), found(DAMAGE, file, "GiB"))
        for file in ("config.cfg", "meta.json", "ner/model", "ner/cfg")
    ),
    Case("a config that is a pipe", pipe("config.cfg"), found(DAMAGE, "config.cfg", "not a file")),
    Case("a meta that is a pipe", pipe("meta.json"), found(DAMAGE, "meta.json", "not a file")),
    Case("a model that is a pipe", pipe("ner/model"), found(DAMAGE, "ner/model", "not a file")),
    Case("a cfg that is a pipe", pipe("ner/cfg"), found(DAMAGE, "ner/cfg", "not a file")),
    Case("checksums that are a pipe", pipe(CHECKSUMS), found(DAMAGE, CHECKSUMS, "not a file")),
    Case(
        "endless brackets",
        write("more.json", "[" * 100000),
        Gives([]),
    ),
    Case(
        "a requirement without a name",
        in_json("meta.json", requirements=[">=3"]),
        found(DAMAGE, "meta.json", "requirements", ">=3", "spacy>=3.8"),
    ),
    Case(
        "two words for a requirement",
        in_json("meta.json", requirements=["a b"]),
        found(DAMAGE, "meta.json", "requirements", "a b"),
    ),
    Case(
        "a number for a requirement",
        in_json("meta.json", requirements=[3]),
        found(DAMAGE, "meta.json", "requirements", "3"),
    ),
    Case(
        "requirements that are not a list",
        in_json("meta.json", requirements={"a": 1}),
        found(DAMAGE, "meta.json", "requirements", "list"),
    ),
    Case(
        "a version that is a word",
        in_json("meta.json", spacy_version="new"),
        found(DAMAGE, "meta.json", "spacy_version", "new", "range"),
    ),
    Case(
        "a version that is a list",
        in_json("meta.json", spacy_version=[3]),
        found(DAMAGE, "meta.json", "spacy_version", "[3]"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_saved_pipeline(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_findings(case, folder, monkeypatch)


def test_output_does_not_control_the_terminal(folder: Path) -> None:
    set_pipeline(json.dumps(["\x1b[2J/x"]))(folder)
    done = CliRunner().invoke(mtl_cli, ["check", str(folder)])
    assert done.exit_code == 1
    assert "[2J/x" in done.output
    assert "\x1b[2J" not in done.output

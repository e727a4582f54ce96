"""Pipelines without problems, and notes about them."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from cases import Case, Gives, name_of
from found_in_pipelines import check_findings, found
from saved_changes import in_config, write
from spacy.language import Language
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint

from spacy_mtl.deploy.check import check_pipeline
from spacy_mtl.deploy.findings import NOTE
from spacy_mtl.files import CHECKSUMS

CASES = [
    # Notes.
    Case("a module", write("mtl/code.py", ""), found(NOTE, "mtl/code.py", "code")),
    Case(
        "a package with its own code",
        lambda f: (f.parent / "__init__.py").write_text("from . import mine\n"),
        found(NOTE, "__init__.py", "mine"),
    ),
    Case(
        "a teacher",
        in_config("teacher = null", 'teacher = {"path":"elsewhere","weight":0.5}'),
        found(NOTE, ".teacher]", "'elsewhere'", "loading it does not"),
    ),
    Case("unchanged", lambda f: None, Gives([])),
    Case("no checksums", lambda f: (f / CHECKSUMS).unlink(), Gives([])),
    Case(
        "an extra file, as in a package",
        write("README.md", "What it is for"),
        Gives([]),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_saved_pipeline(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_findings(case, folder, monkeypatch)


def cnn(nlp: Language, encoder_dir: str) -> None:
    add_joint(nlp, None)
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)


def ours_outside(nlp: Language, encoder_dir: str) -> None:
    model = {"@architectures": "spacy_mtl.TransformerModel.v1", "name": encoder_dir}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("mtl")
    nlp.add_pipe("mtl_textcat_multilabel")


def stock_outside(nlp: Language, encoder_dir: str) -> None:
    add_joint(nlp, encoder_dir)
    nlp.add_pipe("mtl_tagger")


def stock_alone(nlp: Language, encoder_dir: str) -> None:
    nlp.add_pipe("tok2vec")
    for name in ("tagger", "ner", "textcat", "sentencizer", "attribute_ruler", "entity_ruler"):
        nlp.add_pipe(name)


@pytest.mark.parametrize("build", [cnn, ours_outside, stock_outside, stock_alone])
@pytest.mark.parametrize("is_initialized", [True, False])
def test_good_pipelines(build: Any, is_initialized: bool, encoder_dir: str, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    build(nlp, encoder_dir)
    if is_initialized:
        nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    checked = check_pipeline(str(tmp_path / "pipeline"))
    assert checked.findings == []
    assert [part.name for part in checked.parts] == nlp.pipe_names


def test_parts(saved: Path) -> None:
    parts = {part.name: part for part in check_pipeline(str(saved)).parts}
    nlp = spacy.load(saved)
    assert list(parts) == nlp.pipe_names
    (network,) = [shim._model for node in nlp.get_pipe("mtl").model.walk() for shim in node.shims]
    assert parts["mtl"].n_parameters == sum(p.numel() for p in network.parameters())
    assert parts["ner"].n_labels == len(nlp.get_pipe("ner").labels)
    assert parts["ner"].n_bytes == sum(f.stat().st_size for f in (saved / "ner").iterdir())

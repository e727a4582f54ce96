"""What counts as the same prediction, and how a task that has changed is noticed."""

from pathlib import Path
from typing import Any, List

import pytest
import spacy
import torch
from grown_pipelines import trained
from inside_pipelines import ADAPTERS, build
from scheme_pipelines import network_of
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_mtl.growing.changes import BrokenPromiseError, Change, check_kept
from spacy_mtl.growing.predictions import Alike, compare_predictions
from spacy_mtl.growing.text import change_rows, changes_json


@pytest.fixture(scope="module")
def nlp() -> Language:
    return trained()


def docs(nlp: Language, **changes: Any) -> List[Doc]:
    """A text with predictions of all tasks, and one without tokens."""
    doc = Doc(nlp.vocab, words=["Bo", "runs", "home"], tags=changes.get("tags", ["A", "B", "C"]))
    doc.ents = [Span(doc, *ent) for ent in changes.get("ents", [(0, 1, "PER"), (2, 3, "LOC")])]
    doc.cats = {"a": 0.7, "b": 0.3, "other": 0.5, **changes.get("cats", {})}
    return [doc, Doc(nlp.vocab)]


@pytest.mark.parametrize(
    ("task", "changes", "expected"),
    [
        ("tagger", {}, (3, 3, True)),
        ("tagger", {"tags": ["A", "X", "C"]}, (3, 2, False)),
        ("tagger", {"cats": {"a": 0.1}, "ents": []}, (3, 3, True)),
        ("ner", {}, (2, 2, True)),
        ("ner", {"ents": [(0, 1, "PER")]}, (2, 1, False)),
        ("ner", {"ents": [(0, 2, "PER"), (2, 3, "LOC")]}, (3, 1, False)),
        # Labels of others don't count.
        ("ner", {"ents": [(0, 1, "PER"), (1, 2, "NEW"), (2, 3, "LOC")]}, (2, 2, True)),
        ("textcat", {}, (2, 2, True)),
        ("textcat", {"cats": {"other": 0.9}}, (2, 2, True)),
        # The same category, but not the same score.
        ("textcat", {"cats": {"a": 0.7000001}}, (2, 2, False)),
        ("textcat", {"cats": {"a": 0.2}}, (2, 1, False)),
        ("textcat", {"cats": {"a": float("nan")}}, (2, 2, False)),
    ],
)
def test_alike(nlp: Language, task: str, changes: Any, expected: Any) -> None:
    found = compare_predictions(nlp, docs(nlp), docs(nlp, **changes), task)
    assert found == Alike(*expected)


def test_nothing_predicted(nlp: Language) -> None:
    assert compare_predictions(nlp, [], [], "ner").share == 1.0


def test_check_kept(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path)
    other = spacy.load(tmp_path)
    names = ["mtl", "tagger", "ner", "textcat"]
    same = {"tagger": Change(False, None, None, "", Alike(1, 1, True))}
    check_kept(nlp, other, same, names)
    differs = {"tagger": Change(False, None, None, "", Alike(1, 1, False))}
    with pytest.raises(BrokenPromiseError, match="The predictions of 'tagger' have changed"):
        check_kept(nlp, other, differs, names)
    for name in ("ner", "mtl"):
        changed = spacy.load(tmp_path)
        model: Any = changed.get_pipe(name).model
        node = next(node for node in model.walk() if node.has_param("b"))
        node.set_param("b", node.get_param("b") + 1e-6)
        with pytest.raises(BrokenPromiseError, match=f"The parameters of '{name}' have changed"):
            check_kept(nlp, changed, same, names)


def test_check_kept_of_a_scheme(tmp_path: Path) -> None:
    """Also what it has for old tasks is compared."""
    nlp = build(ADAPTERS, ["tagger", "ner"])
    nlp.to_disk(tmp_path)
    same = {"tagger": Change(False, None, None, "", Alike(1, 1, True))}
    check_kept(nlp, spacy.load(tmp_path), same, ["mtl", "tagger", "ner"])
    changed = spacy.load(tmp_path)
    name, parameter = next(iter(network_of(changed).adapters["ner"].named_parameters()))
    with torch.no_grad():
        parameter += 1e-6
    with pytest.raises(BrokenPromiseError, match=f"parameter 'adapters.*{name}' has changed"):
        check_kept(nlp, changed, same, ["mtl", "tagger", "ner"])


def test_rows() -> None:
    changes = {
        "tagger": Change(False, 0.9, 0.88, "corpora.dev", Alike(20000, 19999, False)),
        "ner": Change(False, None, None, "", Alike(5, 5, False)),
        "textcat": Change(False, 0.5, 0.5, "test.spacy", Alike(5, 5, True)),
        "genre": Change(True, None, 0.75, "corpora.dev", None),
    }
    assert change_rows(changes) == [
        ("tagger", "90.00", "88.00", "-2.00", "99.99", "corpora.dev"),
        ("ner", "-", "-", "-", "100.00", "-"),
        ("textcat", "50.00", "50.00", "+0.00", "all, to the bit", "test.spacy"),
        ("genre", "new", "75.00", "-", "-", "corpora.dev"),
    ]
    found = changes_json(changes)
    assert found["tagger"]["difference"] == pytest.approx(-0.02)
    assert found["genre"] == {
        **{"is_new": True, "before": None, "after": 0.75, "difference": None},
        **{"scored_on": "corpora.dev", "same": None, "predictions": None, "identical": None},
    }

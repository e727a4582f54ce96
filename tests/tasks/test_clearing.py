"""Removing annotation by kind."""

import pytest
from annotated_docs import make_annotated
from spacy.tokens import Doc

from spacy_mtl.tasks.clearing import clear
from spacy_mtl.tasks.kinds import KINDS, has


@pytest.fixture
def doc() -> Doc:
    return make_annotated()


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_is_cleared(doc: Doc, kind: str) -> None:
    """The others stay; sentence starts stay as long as dependencies imply them."""
    clear(doc, {kind})
    left = [each for each in KINDS if has(doc, each)]
    assert left == [each for each in KINDS if each != kind or kind == "sentence starts"]


def test_sentence_starts_stay_without_dependencies(doc: Doc) -> None:
    clear(doc, {"dependencies"})
    assert [token.is_sent_start for token in doc] == [True, False, False]


def test_all_are_cleared(doc: Doc) -> None:
    clear(doc, KINDS)
    assert not [kind for kind in KINDS if has(doc, kind)]

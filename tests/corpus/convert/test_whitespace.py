from pathlib import Path

import pytest

from spacy_mtl.corpus.convert import SourceDoc
from spacy_mtl.corpus.convert.whitespace import DROPPED, TRIMMED, trim_entities


@pytest.mark.parametrize(
    "words,ent,trimmed,left_out",
    [
        (["a", "b"], (0, 2), (0, 2), {}),
        ([" ", "a", "\n"], (0, 3), (1, 2), {TRIMMED: 1}),
        (["a", "\n", "b"], (0, 3), (0, 3), {}),
        (["a", "\u00a0", "\u2028"], (0, 3), (0, 1), {TRIMMED: 1}),
        (["a", "\t", "\n"], (1, 3), None, {DROPPED: 1}),
        (["\n", "a"], (1, 2), (1, 2), {}),
    ],
)
def test_entities_begin_and_end_with_words(words, ent, trimmed, left_out):
    doc = SourceDoc(words, [True] * len(words), Path("x"), 1, ents=[(*ent, "l")])
    trim_entities(doc)
    assert doc.ents == ([(*trimmed, "l")] if trimmed else [])
    assert dict(doc.left_out) == left_out


def test_missing_annotation_stays_missing():
    doc = SourceDoc([" "], [True], Path("x"), 1)
    trim_entities(doc)
    assert doc.ents is None

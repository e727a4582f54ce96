"""Splitting documents into wordpieces and aligning them with tokens."""

from typing import Any, List

import numpy
import pytest
import spacy
from odd_texts import ODD, TEXTS
from spacy.tokens import Doc
from spacy_transformers.align import get_alignment, get_alignment_via_offset_mapping
from transformers import AutoTokenizer, BertTokenizer

from spacy_mtl.encoder.wordpieces import Wordpieces, split_into_wordpieces


@pytest.fixture
def docs() -> List[Doc]:
    nlp = spacy.blank("en")
    odd = Doc(nlp.vocab, words=["ab", "cd", "?!", "ef"], spaces=[False, False, True, False])
    return [*map(nlp.make_doc, TEXTS), odd]


def as_sets(pieces: Wordpieces) -> List[List[int]]:
    return [list(range(a, b)) for a, b in zip(pieces.first, pieces.last)]


def test_same_alignment_as_spacy_transformers(docs: List[Doc], encoder_dir: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(encoder_dir)
    pieces = split_into_wordpieces(tokenizer, docs)
    assert_like_spacy_transformers(tokenizer, docs, pieces)


def test_byte_pairs(docs: List[Doc], byte_pairs: Any) -> None:
    pieces = split_into_wordpieces(byte_pairs, docs)
    assert pieces.n_pieces.max() > 4
    assert_like_spacy_transformers(byte_pairs, docs, pieces)


def assert_like_spacy_transformers(tokenizer: Any, docs: List[Doc], pieces: Wordpieces) -> None:
    starts = [0, *pieces.doc_ends[:-1]]
    aligned = as_sets(pieces)
    for doc, start, end in zip(docs, starts, pieces.doc_ends):
        encoded = tokenizer(doc.text, add_special_tokens=False, return_offsets_mapping=True)
        assert pieces.ids[start:end].tolist() == encoded["input_ids"]
        mine = [[i - start for i in found] for found in aligned[: len(doc)]]
        aligned = aligned[len(doc) :]
        if len(doc):
            offsets = numpy.asarray(encoded["offset_mapping"]).reshape((1, -1, 2))
            theirs = get_alignment_via_offset_mapping([doc[:]], offsets)
            ends = numpy.cumsum(theirs.lengths)
            assert mine == [r.tolist() for r in numpy.split(theirs.data.ravel(), ends)[:-1]]


def test_slow_tokenizer(docs: List[Doc], encoder_dir: str) -> None:
    tokenizer = BertTokenizer.from_pretrained(encoder_dir)
    assert not tokenizer.is_fast
    nlp = spacy.blank("en")
    docs = [*docs, *map(nlp.make_doc, ODD)]
    pieces = split_into_wordpieces(tokenizer, docs)
    filled = [doc for doc in docs if len(doc)]
    strings = [tokenizer.tokenize(doc.text) for doc in filled]
    theirs = get_alignment([doc[:] for doc in filled], strings, tokenizer.all_special_tokens)
    ends = numpy.cumsum(theirs.lengths)
    for mine, found in zip(as_sets(pieces), numpy.split(theirs.data.ravel(), ends)[:-1]):
        # Anything between two pieces of a token, such as an unknown piece, belongs to the token.
        # A single unknown piece belongs to no token: its letters aren't in the text.
        assert mine[:1] + mine[-1:] == [*found[:1], *found[-1:]]
    assert (numpy.diff(pieces.first) >= 0).all()


def test_no_documents(encoder_dir: str) -> None:
    pieces = split_into_wordpieces(AutoTokenizer.from_pretrained(encoder_dir), [])
    assert len(pieces.ids) == len(pieces.doc_ends) == len(pieces.first) == 0

"""Spans from the user's span getter, in the library's types."""

import numpy
import pytest
from helpers.transformer_pipelines import (
    DOCS,
    OURS,
    TEXTS,
    library_transformer,
    make_transformer,
    vectors_of,
)


def test_span_longer_than_the_window(encoder_dir: str) -> None:
    nlp = make_transformer(encoder_dir, OURS, get_spans=DOCS)
    with pytest.warns(UserWarning, match="span of 102 wordpieces .* window .64.*'get_spans'"):
        doc = nlp("a " * 100)
    assert doc._.trf_data.align.lengths.sum() == 63


def test_tokenizer_that_pads_on_the_left(encoder_dir: str) -> None:
    config = {"use_fast": True, "padding_side": "left"}
    theirs = library_transformer(encoder_dir)
    mine = make_transformer(encoder_dir, OURS, get_spans=DOCS, tokenizer_config=config)
    filled = [text for text in TEXTS if text]
    for expected, found in zip(theirs.pipe(filled), mine.pipe(filled)):
        numpy.testing.assert_allclose(vectors_of(found), vectors_of(expected), atol=1e-5)
    assert mine.get_pipe("transformer").model.tokenizer.padding_side == "left"

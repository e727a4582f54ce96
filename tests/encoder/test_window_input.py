"""Documents in windows, in the library's types."""

import pytest
from helpers.transformer_pipelines import OURS, make_transformer
from spacy.tokens import Doc


def test_long_document(encoder_dir: str) -> None:
    nlp = make_transformer(encoder_dir, OURS)
    doc = Doc(nlp.vocab, words=["ab", "\n", "c"] * 100)
    for _, pipe in nlp.pipeline:
        doc = pipe(doc)
    data = doc._.trf_data
    assert len(data.wordpieces) > 1
    assert data.wordpieces.input_ids.shape[1] <= 64
    assert data.align.lengths.tolist() == [2, 0, 1] * 100
    ids = data.wordpieces.input_ids.ravel()[data.align.data.ravel()]
    strings = nlp.get_pipe("transformer").model.tokenizer.convert_ids_to_tokens(ids)
    assert strings == ["a", "##b", "c"] * 100


def test_unknown_words_only(encoder_dir: str) -> None:
    """A tokenizer without offsets, and pieces that match no letter."""
    nlp = make_transformer(encoder_dir, OURS, tokenizer_config={"use_fast": False})
    texts = ["日 " * 200, "a " + "日 " * 200, "日 日", "日 " * 200 + "a"]
    with pytest.warns(UserWarning, match="200 of 200 words .* no wordpiece.*'日'"):
        doc = nlp(texts[0])
    # No second warning.
    for each in [doc, *map(nlp, texts[1:])]:
        assert len(each._.trf_data.align.lengths) == len(each)

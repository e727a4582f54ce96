"""Matching wordpieces of tokenizers without offsets."""

import warnings
from typing import Any, Callable, List

import numpy
import pytest
import spacy
from transformers import AutoTokenizer, ByT5Tokenizer

from spacy_mtl.encoder.matching import match_words, warn_of_lost_words
from spacy_mtl.encoder.transformer_model import create_transformer_model
from spacy_mtl.encoder.wordpieces import split_into_wordpieces

WORDS = ["un", "café", "日本", "😀", "e\u0301", ".", "Москва"]


@pytest.fixture
def slow(encoder_of: Callable[[str], str]) -> Any:
    return AutoTokenizer.from_pretrained(encoder_of("byte-level"), use_fast=False)


def test_pieces_that_are_bytes(slow: Any) -> None:
    ids = slow(" ".join(WORDS), add_special_tokens=False)["input_ids"]
    found = match_words(slow, WORDS, ids)
    for word, places in zip(WORDS, found):
        assert places == list(range(places[0], places[-1] + 1))
        assert slow.decode([ids[i] for i in places]).strip() == word
    assert sorted(i for places in found for i in places if slow.decode([ids[i]]).strip())


def test_pieces_that_are_single_bytes() -> None:
    tokenizer = ByT5Tokenizer()
    ids = tokenizer(" ".join(WORDS))["input_ids"]
    found = match_words(tokenizer, WORDS, ids)
    assert [len(places) for places in found] == [len(word.encode("utf8")) for word in WORDS]


class Sentencepieces:
    """A tokenizer like Llama's, which writes unknown characters as bytes."""

    all_special_ids = (0,)
    pieces = ("<s>", "▁un", "▁caf", "<0xC3>", "<0xA9>", "▁", "<0xE6>", "<0x97>", "<0xA5>")

    def convert_ids_to_tokens(self, i: int) -> str:
        return self.pieces[i]


def test_bytes_among_letters() -> None:
    found = match_words(Sentencepieces(), ["un", "café", "日"], range(9))
    assert found == [[1], [2, 3, 4], [6, 7, 8]]


def test_added_tokens_are_not_bytes(slow: Any) -> None:
    slow.add_tokens(["é!"])
    words = ["a", "é!", "b"]
    ids = slow("a é! b", add_special_tokens=False)["input_ids"]
    assert all(match_words(slow, words, ids))


@pytest.mark.parametrize("n_lost, warns", [(0, False), (1, False), (2, True), (9, True)])
def test_lost_words_cause_one_warning(n_lost: int, warns: bool) -> None:
    doc = spacy.blank("en").make_doc("a b c d e f g h i j\n")
    n_pieces = numpy.asarray([0] * n_lost + [1] * (10 - n_lost) + [0])
    tokenizer = Sentencepieces()
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for _ in range(2):
            warn_of_lost_words(tokenizer, [doc], n_pieces)
    assert len(found) == int(warns)
    for each in found:
        assert f"{n_lost} of 10 words" in str(each.message)
        assert "'a'" in str(each.message)
        assert "Sentencepieces" in str(each.message)
        assert "use_fast = true" in str(each.message)


@pytest.mark.parametrize("getter", [None, lambda docs: [[doc[:]] for doc in docs]])
def test_encoder_warns_of_lost_words(getter: Any, encoder_of: Callable[[str], str]) -> None:
    config = {"use_fast": False}
    model = create_transformer_model(encoder_of("bert"), getter, tokenizer_config=config)
    docs: List[Any] = [spacy.blank("en").make_doc("日本 日本 anna books")]
    model.initialize(X=docs)
    with pytest.warns(UserWarning, match="of . words in a batch have no wordpiece"):
        model.predict(docs)


def test_all_words_of_a_slow_tokenizer(slow: Any) -> None:
    docs = [spacy.blank("en").make_doc(" ".join(WORDS)), spacy.blank("en").make_doc("")]
    assert split_into_wordpieces(slow, docs).n_pieces.all()

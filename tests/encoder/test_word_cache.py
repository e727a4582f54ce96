"""The cache of words gives the same wordpieces as the tokenizer."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from typing import Any, List

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_texts import ODD, TEXTS
from spacy.tokens import Doc
from tokenizers import AddedToken
from transformers import AutoTokenizer

from spacy_mtl.encoder import word_cache
from spacy_mtl.encoder.word_cache import WordCache, reads_word_by_word, split_with_cache
from spacy_mtl.encoder.wordpieces import Wordpieces, split_into_wordpieces

NLP = spacy.blank("en")
MORE = ["a [SEP] b[SEP]c a[SEP]", "\x1c a\x1cb \x85 \u3000c", "a \u0301b", "ΑΣ ΑΣΑ İ ß"]


@pytest.fixture(scope="module")
def tokenizer(encoder_dir: str) -> Any:
    return AutoTokenizer.from_pretrained(encoder_dir)


def assert_same(found: Wordpieces, expected: Wordpieces) -> None:
    for mine, theirs in zip(astuple(found), astuple(expected)):
        assert mine.dtype == theirs.dtype == "int64"
        assert mine.tolist() == theirs.tolist()


def test_same_as_the_tokenizer(tokenizer: Any) -> None:
    nlp = spacy.blank("en")
    cache = WordCache()
    docs = [nlp.make_doc(text) for text in [*TEXTS, *ODD, *MORE]]
    docs.append(Doc(nlp.vocab, words=["New York", "is", " ", "b ig"], spaces=[True] * 4))
    for batch in (docs, docs[::-1], docs[:2], [docs[1]], []):
        assert_same(cache.split(tokenizer, batch), split_into_wordpieces(tokenizer, batch))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=3))
def test_same_for_any_text(tokenizer: Any, texts: List[str]) -> None:
    assert reads_word_by_word(tokenizer)
    docs = list(map(NLP.make_doc, texts))
    found = split_with_cache(tokenizer, docs)
    assert_same(found, split_into_wordpieces(tokenizer, docs))


def test_known_words_do_not_reach_the_tokenizer(tokenizer: Any) -> None:
    nlp, cache = spacy.blank("en"), WordCache()
    cache.split(tokenizer, [nlp.make_doc("Anna books a room.")])
    unknown: Any = None
    again = cache.split(unknown, [nlp.make_doc("a room. Anna a")])
    assert_same(again, split_into_wordpieces(tokenizer, [nlp.make_doc("a room. Anna a")]))
    with pytest.raises(TypeError, match="not callable"):
        cache.split(unknown, [nlp.make_doc("a room")])


def test_starts_anew_when_it_is_full(tokenizer: Any) -> None:
    nlp, cache = spacy.blank("en"), WordCache(limit=3)
    docs = list(map(nlp.make_doc, ["a b c d", "b e a", "f g h i", "a b"]))
    for doc in docs:
        assert_same(cache.split(tokenizer, [doc]), split_into_wordpieces(tokenizer, [doc]))
    unknown: Any = None
    with pytest.raises(TypeError, match="not callable"):
        cache.split(unknown, [nlp.make_doc("c")])


def test_text_without_spaces_counts_by_its_length(tokenizer: Any) -> None:
    """The whole document is one word."""
    nlp, cache = spacy.blank("zh"), WordCache(limit=50)
    docs = [nlp.make_doc(30 * character) for character in "abcd"]
    for doc in docs:
        assert_same(cache.split(tokenizer, [doc]), split_into_wordpieces(tokenizer, [doc]))
        assert len(cache._table.numbers) == 1
        cache.split(None, [doc])


@pytest.mark.parametrize("call", range(5))
def test_interrupted(tokenizer: Any, call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By Ctrl-C or a lack of memory, while it adds words: later ones are right."""
    nlp, cache = spacy.blank("en"), WordCache()
    cache.split(tokenizer, [nlp.make_doc("Anna books")])
    join, n_calls = numpy.concatenate, iter(range(100))

    def interrupted(*args: Any) -> Any:
        if next(n_calls) == call:
            raise KeyboardInterrupt
        return join(*args)

    new = nlp.make_doc("a room. Really new words")
    words, table = word_cache._words_of([new]), cache._table
    pieces = word_cache._split_words(tokenizer, words, range(len(words.keys)), [new])
    monkeypatch.setattr(word_cache.numpy, "concatenate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        word_cache._add(table, words.keys, pieces)
    monkeypatch.undo()
    for text in ("words new", "a room and Anna", "Really books"):
        doc = nlp.make_doc(text)
        assert_same(cache.split(tokenizer, [doc]), split_into_wordpieces(tokenizer, [doc]))


def test_words_that_have_no_number_yet(tokenizer: Any) -> None:
    """As if it was interrupted between the arrays and the numbers."""
    nlp, cache = spacy.blank("en"), WordCache()
    cache.split(tokenizer, [nlp.make_doc("Anna books a room")])
    for key in list(cache._table.numbers)[1:3]:
        del cache._table.numbers[key]
    doc = nlp.make_doc("books new a room Anna")
    assert_same(cache.split(tokenizer, [doc]), split_into_wordpieces(tokenizer, [doc]))


def test_added_tokens_are_noticed(encoder_dir: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(encoder_dir)
    docs = [spacy.blank("en").make_doc("a qqq b")]
    before = split_with_cache(tokenizer, docs)
    tokenizer.add_tokens(["qqq"])
    found = split_with_cache(tokenizer, docs)
    assert_same(found, split_into_wordpieces(tokenizer, docs))
    assert not numpy.array_equal(found.ids, before.ids)


@pytest.mark.parametrize(
    "token",
    [AddedToken("New York"), AddedToken("[X]", lstrip=True), AddedToken("[X]", rstrip=True)],
)
def test_not_with_tokens_that_take_spaces(encoder_dir: str, token: AddedToken) -> None:
    tokenizer = AutoTokenizer.from_pretrained(encoder_dir)
    assert reads_word_by_word(tokenizer)
    tokenizer.add_tokens([token])
    assert not reads_word_by_word(tokenizer)
    docs = [spacy.blank("en").make_doc("a New York [X] b")]
    assert_same(split_with_cache(tokenizer, docs), split_into_wordpieces(tokenizer, docs))


def test_not_with_byte_pairs(byte_pairs: Any) -> None:
    assert not reads_word_by_word(byte_pairs)


def test_threads(tokenizer: Any) -> None:
    nlp, cache = spacy.blank("en"), WordCache(limit=40)
    texts = [f"word{i} and w{i % 7}, w{i % 11}." for i in range(200)]
    batches = [[nlp.make_doc(text) for text in texts[i : i + 5]] for i in range(0, 200, 3)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda docs: cache.split(tokenizer, docs), batches))
    for docs, pieces in zip(batches, found):
        assert_same(pieces, split_into_wordpieces(tokenizer, docs))

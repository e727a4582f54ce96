"""Splitting documents into wordpieces and aligning them with tokens."""

from dataclasses import dataclass
from itertools import chain
from typing import Any, List, Sequence, Tuple

import numpy
from spacy.tokens import Doc

from .matching import match_words


@dataclass(frozen=True)
class Wordpieces:
    """The concatenated wordpieces of documents, without special tokens.

    A token's pieces are contiguous. Two tokens may share a piece, and whitespace has
    none. `first` and `last` never decrease.

    ids (Ints1d): Indices in the encoder's vocabulary. Shape: (n_pieces,).
    doc_ends (Ints1d): Where each document ends. Shape: (n_docs,).
    first (Ints1d): Each token's first piece. Shape: (n_tokens,).
    last (Ints1d): The end (exclusive) of its pieces. Shape: (n_tokens,).
    """

    ids: numpy.ndarray
    doc_ends: numpy.ndarray
    first: numpy.ndarray
    last: numpy.ndarray

    @property
    def n_pieces(self) -> numpy.ndarray:
        """RETURNS (Ints1d): How many pieces each token has. Shape: (n_tokens,)."""
        return self.last - self.first


def split_into_wordpieces(tokenizer: Any, docs: Sequence[Doc]) -> Wordpieces:
    """Split documents into the wordpieces of an encoder.

    tokenizer (PreTrainedTokenizerBase): The encoder's tokenizer. A fast one returns the
        offsets of its pieces; for others, they are found by comparing letters.
    docs (Sequence[Doc]): The documents.
    RETURNS (Wordpieces): Their wordpieces.
    """
    texts = [_text_of(doc) for doc in docs]
    if tokenizer.is_fast:
        places = [doc.to_array(["IDX", "LENGTH"]).astype("int64") for doc in docs if len(doc)]
        return split_texts(
            tokenizer,
            texts,
            numpy.concatenate([*places, numpy.zeros((0, 2), dtype="int64")]),
            numpy.asarray([len(doc) for doc in docs], dtype="int64"),
        )
    ids = _encode(tokenizer, texts)["input_ids"][: len(texts)]
    doc_ends = numpy.cumsum([len(of_doc) for of_doc in ids], dtype="int64")
    first, last = _align_by_matching(tokenizer, docs, ids, doc_ends)
    return Wordpieces(_flat(ids), doc_ends, first, numpy.maximum(first, last))


def split_texts(
    tokenizer: Any, texts: Sequence[str], places: numpy.ndarray, n_tokens: numpy.ndarray
) -> Wordpieces:
    """Split texts into wordpieces with a tokenizer that returns their offsets.

    tokenizer (PreTrainedTokenizerFast): The encoder's tokenizer.
    texts (Sequence[str]): The texts.
    places (Ints2d): Each token's first character in its text, and its length. Shape: (n, 2).
    n_tokens (Ints1d): The number of tokens of each text. Shape: (n_texts,).
    RETURNS (Wordpieces): Their wordpieces.
    """
    encoded = _encode(tokenizer, texts, return_offsets_mapping=True)
    ids, offsets = (encoded[key][: len(texts)] for key in ("input_ids", "offset_mapping"))
    n_pieces = numpy.asarray([len(of_text) for of_text in ids], dtype="int64")
    # All texts at once: each gets its own range of character offsets.
    sizes = numpy.asarray([len(text) for text in texts], dtype="int64") + 1
    bases = numpy.cumsum(sizes) - sizes
    spans = _flat([span for of_text in offsets for span in of_text]).reshape((-1, 2))
    spans += numpy.repeat(bases, n_pieces)[:, None]
    # Normalizers may reorder the accents of a letter.
    starts = numpy.minimum.accumulate(spans[::-1, 0])[::-1]
    ends = numpy.maximum.accumulate(spans[:, 1])
    begin = places[:, 0] + numpy.repeat(bases, n_tokens)
    first = numpy.searchsorted(ends, begin, side="right")
    last = numpy.searchsorted(starts, begin + places[:, 1], side="left")
    return Wordpieces(_flat(ids), numpy.cumsum(n_pieces), first, numpy.maximum(first, last))


def _encode(tokenizer: Any, texts: Sequence[str], **settings: Any) -> Any:
    return tokenizer(
        # For an empty list, tokenizers don't return a list of lists.
        list(texts) or [""],
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        truncation=False,
        padding=False,
        verbose=False,
        **settings,
    )


def _text_of(doc: Doc) -> str:
    # doc.text creates and caches a Token object per token.
    strings = doc.vocab.strings
    words, spaces = doc.to_array(["ORTH", "SPACY"]).reshape((-1, 2)).T.tolist()
    return "".join(
        [strings[word] + " " if space else strings[word] for word, space in zip(words, spaces)]
    )


def _flat(rows: Sequence[Sequence[int]]) -> numpy.ndarray:
    return numpy.fromiter(chain.from_iterable(rows), dtype="int64")


def _align_by_matching(
    tokenizer: Any, docs: Sequence[Doc], ids: Sequence[List[int]], doc_ends: numpy.ndarray
) -> Tuple[numpy.ndarray, numpy.ndarray]:
    first, last = [], []
    for doc, of_doc, end in zip(docs, ids, doc_ends.tolist()):
        start = place = end - len(of_doc)
        for found in match_words(tokenizer, [token.text for token in doc], of_doc):
            first.append(start + found[0] if found else place)
            place = max(place, start + found[-1] + 1) if found else place
            last.append(place)
    # Letters may have been matched out of order.
    ordered = numpy.maximum.accumulate(numpy.asarray([first, last], dtype="int64"), axis=1)
    return ordered[0], ordered[1]

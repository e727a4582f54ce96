"""Splitting documents into wordpieces and aligning them with tokens."""

from dataclasses import dataclass
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
    # For an empty list, tokenizers don't return a list of lists.
    encoded = tokenizer(
        texts or [""],
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        return_offsets_mapping=tokenizer.is_fast,
        truncation=False,
        padding=False,
        verbose=False,
    )
    ids = encoded["input_ids"][: len(texts)]
    doc_ends = numpy.cumsum([len(of_doc) for of_doc in ids], dtype="int64")
    if tokenizer.is_fast:
        sizes = [len(text) for text in texts]
        first, last = _align_by_offsets(docs, sizes, encoded["offset_mapping"][: len(texts)])
    else:
        first, last = _align_by_matching(tokenizer, docs, ids, doc_ends)
    return Wordpieces(_concatenate(ids), doc_ends, first, numpy.maximum(first, last))


def _text_of(doc: Doc) -> str:
    # doc.text creates and caches a Token object per token.
    strings = doc.vocab.strings
    words, spaces = doc.to_array(["ORTH", "SPACY"]).reshape((-1, 2)).T.tolist()
    return "".join(
        [strings[word] + " " if space else strings[word] for word, space in zip(words, spaces)]
    )


def _align_by_offsets(
    docs: Sequence[Doc], n_chars: Sequence[int], offsets: Sequence[Sequence[Tuple[int, int]]]
) -> Tuple[numpy.ndarray, numpy.ndarray]:
    # All documents at once: each gets its own range of character offsets.
    sizes = numpy.asarray(n_chars, dtype="int64") + 1
    bases = numpy.cumsum(sizes) - sizes
    spans = numpy.asarray([span for of_doc in offsets for span in of_doc], dtype="int64")
    spans = spans.reshape((-1, 2)) + numpy.repeat(bases, [len(o) for o in offsets])[:, None]
    # Normalizers may reorder the accents of a letter.
    starts = numpy.minimum.accumulate(spans[::-1, 0])[::-1]
    ends = numpy.maximum.accumulate(spans[:, 1])
    tokens = [doc.to_array(["IDX", "LENGTH"]).astype("int64") for doc in docs if len(doc)]
    places = numpy.concatenate([*tokens, numpy.zeros((0, 2), dtype="int64")])
    begin = places[:, 0] + numpy.repeat(bases, [len(doc) for doc in docs])
    first = numpy.searchsorted(ends, begin, side="right")
    last = numpy.searchsorted(starts, begin + places[:, 1], side="left")
    return first, last


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


def _concatenate(ids: Sequence[List[int]]) -> numpy.ndarray:
    return numpy.asarray([piece for of_doc in ids for piece in of_doc], dtype="int64")

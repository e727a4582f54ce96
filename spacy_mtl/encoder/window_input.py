"""The input of the stock `transformer` component's model: our own windows."""

from dataclasses import replace
from functools import partial
from typing import Any, List, Sequence, Tuple

import numpy
from spacy.tokens import Doc, Span
from spacy_transformers.data_classes import WordpieceBatch
from thinc.types import Ragged

from .layout import pad_windows
from .matching import warn_of_lost_words
from .reading import Reading, read
from .transformer_input import TransformerInput
from .windows import Windows


def read_windows(model: Any, docs: List[Doc]) -> TransformerInput:
    """Read documents in our own windows.

    model (TransformerModel): Has the tokenizer and the encoder.
    docs (List[Doc]): The documents.
    RETURNS (TransformerInput): Each document, or its windows if it is long.
    """
    tokenizer = model.tokenizer
    reading, n_windows = _fill_blank(read(docs, tokenizer, model.transformer), docs)
    warn_of_lost_words(tokenizer, docs, reading.pieces.n_pieces)
    pieces, windows = reading.pieces, reading.windows
    padded: Any = pad_windows(reading, numpy.arange(len(windows.starts)))
    ids, mask = padded.ids, padded.mask
    n_pieces = pieces.n_pieces
    # From a piece's index to its position in flattened `ids`.
    shifts = numpy.arange(len(ids)) * ids.shape[1] + len(reading.special.before) - windows.starts
    firsts = pieces.first + shifts[windows.of_token] - (numpy.cumsum(n_pieces) - n_pieces)
    places = numpy.repeat(firsts, n_pieces) + numpy.arange(n_pieces.sum())
    wordpieces = WordpieceBatch(
        strings=[tokenizer.convert_ids_to_tokens(row) for row in ids],
        input_ids=ids,
        attention_mask=mask,
        lengths=mask.sum(axis=1).astype("int64").tolist(),
        token_type_ids=padded.types,
    )
    as_int: Any = partial(numpy.asarray, dtype="int32")
    align = Ragged(as_int(places), as_int(n_pieces))
    return TransformerInput(_as_spans(docs, reading, n_windows), wordpieces, align)


def _fill_blank(reading: Reading, docs: Sequence[Doc]) -> Tuple[Reading, List[int]]:
    """Add a window to documents of only whitespace, and count the windows of each document."""
    pieces, windows = reading.pieces, reading.windows
    doc_starts = numpy.concatenate([[0], pieces.doc_ends[:-1]])
    from_, until = (numpy.searchsorted(windows.starts, at) for at in (doc_starts, pieces.doc_ends))
    starts: List[int] = []
    ends: List[int] = []
    counts: List[int] = []
    places = numpy.zeros(len(windows.starts), dtype="int64")
    for doc, start, first, last in zip(docs, doc_starts, from_, until):
        places[first:last] = len(starts) + numpy.arange(last - first)
        is_blank = first == last and len(doc) > 0
        starts += [start] if is_blank else windows.starts[first:last].tolist()
        ends += [start] if is_blank else windows.ends[first:last].tolist()
        counts.append(last - first + int(is_blank))
    of_token = places[windows.of_token] if len(places) else numpy.zeros_like(windows.of_token)
    filled = Windows(numpy.asarray(starts), numpy.asarray(ends), of_token)
    return replace(reading, windows=filled), counts


def _as_spans(docs: Sequence[Doc], reading: Reading, n_windows: Sequence[int]) -> List[List[Span]]:
    pieces, windows = reading.pieces, reading.windows
    spans: List[List[Span]] = []
    window = token = 0
    for doc, n in zip(docs, n_windows):
        first, last = (a[token : token + len(doc)] for a in (pieces.first, pieces.last))
        begins = numpy.searchsorted(first, windows.starts[window : window + n])
        ends = numpy.searchsorted(last, windows.ends[window : window + n], side="right")
        # Cover the whole document, including outer whitespace, without empty spans.
        begins[:1], ends[-1:] = 0, len(doc)
        begins = numpy.minimum(begins, len(doc) - 1)
        ends = numpy.maximum(ends, begins + 1)
        spans.append([doc[begin:end] for begin, end in zip(begins.tolist(), ends.tolist())])
        window, token = window + n, token + len(doc)
    return spans

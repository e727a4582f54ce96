"""What the stock `transformer` component's model reads, in the library's own terms."""

import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, List, Sequence, Set, Tuple, cast

import numpy
from spacy.tokens import Doc, Span
from spacy_transformers.align import get_alignment_via_offset_mapping, get_token_positions
from spacy_transformers.data_classes import WordpieceBatch
from spacy_transformers.truncate import truncate_oversize_splits
from thinc.types import Ragged

from .batching import pad_windows
from .loading import find_special_pieces, longest_window
from .matching import match_words, tell_of_lost_words
from .reading import Reading, read
from .windows import Windows


@dataclass(frozen=True)
class TransformerInput:
    """Spans of documents, as wordpieces.

    spans (List[List[Span]]): What is read together, by document.
    wordpieces (WordpieceBatch): One row a span.
    align (Ragged): The places of each token's wordpieces, all rows one after the other.
    """

    spans: List[List[Span]]
    wordpieces: WordpieceBatch
    align: Ragged


def read_windows(model: Any, docs: List[Doc]) -> TransformerInput:
    """Read documents in windows of our own.

    model (TransformerModel): Has the tokenizer and the encoder.
    docs (List[Doc]): The documents.
    RETURNS (TransformerInput): Each document, or its windows if it is long.
    """
    tokenizer = model.tokenizer
    reading, n_windows = _fill_blank(read(docs, tokenizer, model.transformer), docs)
    tell_of_lost_words(tokenizer, docs, reading.pieces.n_pieces)
    pieces, windows = reading.pieces, reading.windows
    padded: Any = pad_windows(reading, numpy.arange(len(windows.starts)))
    ids, mask = padded.ids, padded.mask
    n_pieces = pieces.n_pieces
    # From a piece's number to its place in `ids`, flattened.
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


def read_spans(model: Any, docs: List[Doc]) -> TransformerInput:
    """Read spans of the user's.

    model (TransformerModel): Has the tokenizer, the encoder and the getter of spans.
    docs (List[Doc]): The documents.
    RETURNS (TransformerInput): Their spans. What is beyond the encoder's window is left out.
    """
    # As in spacy_transformers.layers.transformer_model.forward, which does all in one.
    spans = [[s for s in of_doc if len(s)] for of_doc in model.attrs["get_spans"](docs)]
    flat = [span for of_doc in spans for span in of_doc]
    tokenizer = model.tokenizer
    # Padded here: a fast tokenizer that pads is changed, and cannot be used by others meanwhile.
    encoded = tokenizer(
        [span.text for span in flat],
        return_attention_mask=False,
        return_offsets_mapping=tokenizer.is_fast,
        truncation=False,
        padding=False,
        verbose=False,
    )
    special = find_special_pieces(tokenizer, model.transformer)
    ids = _pad(encoded["input_ids"], special.padding)
    lengths = [len(row) for row in encoded["input_ids"]]
    mask: Any = (numpy.arange(ids.shape[1]) < numpy.asarray(lengths)[:, None]).astype("float32")
    types = None if special.types is None else _pad(encoded["token_type_ids"], 0)
    strings = [tokenizer.convert_ids_to_tokens(row) for row in ids]
    wordpieces = WordpieceBatch(strings, cast(Any, ids), mask, lengths, cast(Any, types))
    if tokenizer.is_fast:
        offsets: Any = _pad(encoded["offset_mapping"], (0, 0))
        align = get_alignment_via_offset_mapping(flat, offsets)
    else:
        align = _match(tokenizer, flat, encoded["input_ids"], ids.shape[1])
    if not align.lengths.all():
        tell_of_lost_words(tokenizer, docs, _of_tokens(docs, flat, align))
    longest = longest_window(model.tokenizer, model.transformer)
    if wordpieces.input_ids.shape[1] > longest:
        warnings.warn(
            f"A span of {wordpieces.input_ids.shape[1]} wordpieces is longer than the encoder's "
            f"window ({longest}): what is beyond it is left out, and the tokens there get no "
            "vector. Leave 'get_spans' out of the block of the spacy_mtl.TransformerModel.v1, or "
            "make its spans shorter."
        )
    wordpieces, align = truncate_oversize_splits(wordpieces, align, longest)
    return TransformerInput(spans, wordpieces, align)


def take(wordpieces: WordpieceBatch, rows: numpy.ndarray, lengths: numpy.ndarray) -> WordpieceBatch:
    """Take some rows, without the padding that they do not need.

    wordpieces (WordpieceBatch): All of them.
    rows (Ints1d): Which to take. Shape: (n_rows,).
    lengths (Ints1d): How long every row is. Shape: (n_wordpieces,).
    RETURNS (WordpieceBatch): What the encoder needs of these.
    """
    length = int(lengths[rows].max())

    def cut(array: Any) -> Any:
        return None if array is None else array[rows, :length]

    return WordpieceBatch(
        strings=[],
        input_ids=cut(wordpieces.input_ids),
        attention_mask=cut(wordpieces.attention_mask),
        lengths=[],
        token_type_ids=cut(wordpieces.token_type_ids),
    )


def _pad(rows: Sequence[Sequence[Any]], filler: Any) -> numpy.ndarray:
    length = max(map(len, rows), default=0)
    padded = [[*row, *[filler] * (length - len(row))] for row in rows]
    return numpy.asarray(padded, dtype="int64")


def _match(
    tokenizer: Any, spans: Sequence[Span], ids: Sequence[Sequence[int]], length: int
) -> Ragged:
    """RETURNS (Ragged): As the library's `get_alignment`, where pieces are bytes, too."""
    positions = get_token_positions(list(spans))
    places: List[Set[int]] = [set() for _ in positions]
    for row, (span, own) in enumerate(zip(spans, ids)):
        for token, found in zip(span, match_words(tokenizer, [t.text for t in span], own)):
            places[positions[token]].update(row * length + place for place in found)
    flat = [place for of_token in places for place in sorted(of_token)]
    as_int: Any = partial(numpy.asarray, dtype="int32")
    return Ragged(as_int(flat), as_int([len(of_token) for of_token in places]))


def _of_tokens(docs: Sequence[Doc], spans: Sequence[Span], align: Ragged) -> numpy.ndarray:
    """RETURNS (Ints1d): How many pieces each token has, and one for those that no span has."""
    ends = numpy.cumsum([len(doc) for doc in docs])
    starts = {id(doc): end - len(doc) for doc, end in zip(docs, ends.tolist())}
    n_pieces = numpy.ones(int(ends[-1]) if len(ends) else 0, dtype="int64")
    positions = get_token_positions(list(spans))
    lengths = align.lengths.tolist()
    for span in spans:
        start = starts[id(span.doc)]
        for token in span:
            n_pieces[start + token.i] = lengths[positions[token]]
    return n_pieces


def _fill_blank(reading: Reading, docs: Sequence[Doc]) -> Tuple[Reading, List[int]]:
    """Give documents of nothing but whitespace a window, too, and count each one's windows."""
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
        # All of the document, with the whitespace around it, and no span without a token.
        begins[:1], ends[-1:] = 0, len(doc)
        begins = numpy.minimum(begins, len(doc) - 1)
        ends = numpy.maximum(ends, begins + 1)
        spans.append([doc[begin:end] for begin, end in zip(begins.tolist(), ends.tolist())])
        window, token = window + n, token + len(doc)
    return spans

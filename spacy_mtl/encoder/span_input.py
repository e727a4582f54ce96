"""The input of the stock `transformer` component's model: spans from the user's span getter."""

import warnings
from functools import partial
from typing import Any, List, Sequence, Set, cast

import numpy
from spacy.tokens import Doc, Span
from spacy_transformers.align import get_alignment_via_offset_mapping, get_token_positions
from spacy_transformers.data_classes import WordpieceBatch
from spacy_transformers.truncate import truncate_oversize_splits
from thinc.types import Ragged

from .matching import match_words, warn_of_lost_words
from .special import find_special_pieces
from .transformer_input import TransformerInput
from .window_size import longest_window


def read_spans(model: Any, docs: List[Doc]) -> TransformerInput:
    """Read the spans from the user's span getter.

    model (TransformerModel): Has the tokenizer, the encoder and the span getter.
    docs (List[Doc]): The documents.
    RETURNS (TransformerInput): Their spans. Wordpieces beyond the encoder's window are left out.
    """
    # As in spacy_transformers.layers.transformer_model.forward, which does it all in one function.
    spans = [[s for s in of_doc if len(s)] for of_doc in model.attrs["get_spans"](docs)]
    flat = [span for of_doc in spans for span in of_doc]
    tokenizer = model.tokenizer
    # Pad here: padding changes a fast tokenizer, which other threads can't use meanwhile.
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
        warn_of_lost_words(tokenizer, docs, _of_tokens(docs, flat, align))
    longest = longest_window(model.tokenizer, model.transformer)
    if wordpieces.input_ids.shape[1] > longest:
        warnings.warn(
            f"A span of {wordpieces.input_ids.shape[1]} wordpieces is longer than the encoder's "
            f"window ({longest}): the rest is left out, and its tokens get no vector. Remove "
            "'get_spans' from the block of the spacy_mtl.TransformerModel.v1, or make its spans "
            "shorter."
        )
    wordpieces, align = truncate_oversize_splits(wordpieces, align, longest)
    return TransformerInput(spans, wordpieces, align)


def _pad(rows: Sequence[Sequence[Any]], filler: Any) -> numpy.ndarray:
    length = max(map(len, rows), default=0)
    padded = [[*row, *[filler] * (length - len(row))] for row in rows]
    return numpy.asarray(padded, dtype="int64")


def _match(
    tokenizer: Any, spans: Sequence[Span], ids: Sequence[Sequence[int]], length: int
) -> Ragged:
    """RETURNS (Ragged): Like the library's `get_alignment`, but also if pieces are bytes."""
    positions = get_token_positions(list(spans))
    places: List[Set[int]] = [set() for _ in positions]
    for row, (span, own) in enumerate(zip(spans, ids)):
        for token, found in zip(span, match_words(tokenizer, [t.text for t in span], own)):
            places[positions[token]].update(row * length + place for place in found)
    flat = [place for of_token in places for place in sorted(of_token)]
    as_int: Any = partial(numpy.asarray, dtype="int32")
    return Ragged(as_int(flat), as_int([len(of_token) for of_token in places]))


def _of_tokens(docs: Sequence[Doc], spans: Sequence[Span], align: Ragged) -> numpy.ndarray:
    """RETURNS (Ints1d): How many pieces each token has; 1 for tokens outside of all spans."""
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

"""The input of the stock `transformer` component's model, in the library's types."""

from dataclasses import dataclass
from typing import Any, List

import numpy
from spacy.tokens import Span
from spacy_transformers.data_classes import WordpieceBatch
from thinc.types import Ragged


@dataclass(frozen=True)
class TransformerInput:
    """Spans of documents, as wordpieces.

    spans (List[List[Span]]): The spans that are read together, by document.
    wordpieces (WordpieceBatch): One row per span.
    align (Ragged): The positions of each token's wordpieces in the concatenated rows.
    """

    spans: List[List[Span]]
    wordpieces: WordpieceBatch
    align: Ragged


def take(wordpieces: WordpieceBatch, rows: numpy.ndarray, lengths: numpy.ndarray) -> WordpieceBatch:
    """Select rows and remove padding that they don't need.

    wordpieces (WordpieceBatch): All rows.
    rows (Ints1d): The rows to select. Shape: (n_rows,).
    lengths (Ints1d): The length of every row. Shape: (n_wordpieces,).
    RETURNS (WordpieceBatch): The encoder's input for these rows.
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

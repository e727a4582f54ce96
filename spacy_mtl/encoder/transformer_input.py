"""What the stock `transformer` component's model reads, in the library's own terms."""

from dataclasses import dataclass
from typing import Any, List

import numpy
from spacy.tokens import Span
from spacy_transformers.data_classes import WordpieceBatch
from thinc.types import Ragged


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

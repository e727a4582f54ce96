"""Splitting documents into wordpieces and windows for the encoder."""

from dataclasses import dataclass, replace
from typing import Any, Optional, Sequence

import numpy
from spacy.tokens import Doc

from .special import SpecialPieces, find_special_pieces
from .window_size import longest_window
from .windows import Windows, make_windows
from .word_cache import split_with_cache
from .wordpieces import Wordpieces

#: The approximate minimum of wordpieces on either side of a token in a long document.
CONTEXT = 32


@dataclass(frozen=True)
class Reading:
    """Documents as an encoder reads them.

    pieces (Wordpieces): All wordpieces.
    windows (Windows): Which of them are read together.
    special (SpecialPieces): The special pieces around a window.
    longest (int): The longest input of the encoder, including special pieces.
    """

    pieces: Wordpieces
    windows: Windows
    special: SpecialPieces
    longest: int


def read(
    docs: Sequence[Doc],
    tokenizer: Any,
    network: Any,
    window: Optional[int] = None,
    context: int = CONTEXT,
) -> Reading:
    """Split documents into wordpieces and windows.

    A token's pieces beyond the window that encodes it are left out. This happens to tokens
    longer than a window without its context, in documents that don't fit into one window.

    docs (Sequence[Doc]): The documents.
    tokenizer (PreTrainedTokenizerBase): The encoder's tokenizer.
    network (PreTrainedModel): The encoder.
    window (Optional[int]): Wordpieces per window, including special ones. The default and
        maximum is what the encoder accepts.
    context (int): The approximate minimum of wordpieces on either side of a token in a long
        document. At most an eighth of the window.
    RETURNS (Reading): The documents as wordpieces and windows.
    """
    special = find_special_pieces(tokenizer, network)
    longest = longest_window(tokenizer, network)
    size = min(window or longest, longest) - len(special)
    context = min(context, size // 8)
    pieces = split_with_cache(tokenizer, docs)
    windows = make_windows(pieces, size, context)
    if len(windows.ends):
        ends = numpy.maximum(pieces.first, windows.ends[windows.of_token])
        pieces = replace(pieces, last=numpy.minimum(pieces.last, ends))
    return Reading(pieces, windows, special, longest)

"""How documents are read: as which wordpieces, in which windows."""

from dataclasses import dataclass, replace
from typing import Any, Optional, Sequence

import numpy
from spacy.tokens import Doc

from .special import SpecialPieces, find_special_pieces
from .window_size import longest_window
from .windows import Windows, make_windows
from .wordpieces import Wordpieces, split_into_wordpieces

#: About how many wordpieces a token of a long document sees on either side, at least.
CONTEXT = 32


@dataclass(frozen=True)
class Reading:
    """Documents as an encoder reads them.

    pieces (Wordpieces): All of them.
    windows (Windows): What is read together.
    special (SpecialPieces): What the encoder wants around it.
    longest (int): How much the encoder takes at once, special pieces included.
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

    What a token has beyond the window that encodes it is left out: that is so for tokens
    of more than a window without its context, in documents that do not fit one.

    docs (Sequence[Doc]): The documents.
    tokenizer (PreTrainedTokenizerBase): The encoder's tokenizer.
    network (PreTrainedModel): The encoder.
    window (Optional[int]): Wordpieces a window, special ones included. What the encoder
        takes at most, and by default.
    context (int): About how many wordpieces a token of a long document shall see on either
        side, at least. An eighth of the window at most.
    RETURNS (Reading): How they are read.
    """
    special = find_special_pieces(tokenizer, network)
    longest = longest_window(tokenizer, network)
    size = min(window or longest, longest) - len(special)
    context = min(context, size // 8)
    pieces = split_into_wordpieces(tokenizer, docs)
    windows = make_windows(pieces, size, context)
    if len(windows.ends):
        ends = numpy.maximum(pieces.first, windows.ends[windows.of_token])
        pieces = replace(pieces, last=numpy.minimum(pieces.last, ends))
    return Reading(pieces, windows, special, longest)

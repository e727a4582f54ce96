"""Special wordpieces: what an encoder wants around a text."""

import inspect
from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

from .loading import EncoderError


@dataclass(frozen=True)
class SpecialPieces:
    """What an encoder wants around a text.

    before (List[int]): Special tokens at the beginning.
    after (List[int]): Special tokens at the end.
    padding (int): What fills up a shorter text.
    types (Optional[Tuple[List[int], int, List[int]]]): The segment of each of those before,
        of the text, and of those after, where the encoder asks for segments.
    """

    before: List[int]
    after: List[int]
    padding: int
    types: Optional[Tuple[List[int], int, List[int]]] = None

    def __len__(self) -> int:
        return len(self.before) + len(self.after)


def find_special_pieces(tokenizer: Any, network: Any) -> SpecialPieces:
    """Find what an encoder wants around a text.

    tokenizer (PreTrainedTokenizerBase): The encoder's tokenizer.
    network (PreTrainedModel): The encoder. Segments are for those that take any.
    RETURNS (SpecialPieces): The special tokens.
    RAISES (EncoderError): If the tokenizer does not put them around a text.
    """
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    encoded = tokenizer("a")
    whole, types = encoded["input_ids"], encoded.get("token_type_ids")
    if types is not None and not takes_segments(network, max(types, default=0)):
        types = None
    starts = range(len(whole) - len(plain) + 1)
    start = next((i for i in starts if whole[i : i + len(plain)] == plain), None)
    if not plain or start is None:
        raise EncoderError(
            f"it makes the wordpieces {plain} of the letter 'a', and {whole} with the special ones "
            "that the encoder wants around it"
        )
    end = start + len(plain)
    # A model without a padding token was trained without padding; masked, any will do.
    padding = 0 if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    segments = None if types is None else (types[:start], types[start], types[end:])
    return SpecialPieces(whole[:start], whole[end:], padding, segments)


def takes_segments(network: Any, highest: int) -> bool:
    """Find whether an encoder takes the segments that its tokenizer offers.

    network (PreTrainedModel): The encoder.
    highest (int): The highest number of a segment.
    RETURNS (bool): Whether it does. One without a limit is taken at its word.
    """
    limit = getattr(network.config, "type_vocab_size", None) or highest + 1
    taken = "token_type_ids" in inspect.signature(network.forward).parameters
    return taken and highest < limit

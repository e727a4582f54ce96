"""The special wordpieces that an encoder expects around a text."""

import inspect
from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

from .loading import EncoderError


@dataclass(frozen=True)
class SpecialPieces:
    """The special wordpieces that an encoder expects around a text.

    before (List[int]): Special tokens at the start.
    after (List[int]): Special tokens at the end.
    padding (int): The padding token.
    types (Optional[Tuple[List[int], int, List[int]]]): The segments of the tokens before, of
        the text, and of the tokens after, if the encoder uses segments.
    """

    before: List[int]
    after: List[int]
    padding: int
    types: Optional[Tuple[List[int], int, List[int]]] = None

    def __len__(self) -> int:
        return len(self.before) + len(self.after)


def find_special_pieces(tokenizer: Any, network: Any) -> SpecialPieces:
    """Find the special wordpieces that an encoder expects around a text.

    tokenizer (PreTrainedTokenizerBase): The encoder's tokenizer.
    network (PreTrainedModel): The encoder, which may not use segments.
    RETURNS (SpecialPieces): The special tokens.
    RAISES (EncoderError): If the tokenizer doesn't put them around a text.
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
            f"it splits the letter 'a' into the wordpieces {plain}, but into {whole} with special "
            "tokens, which must contain the former"
        )
    end = start + len(plain)
    # A model without a padding token was trained without padding; any masked token will do.
    padding = 0 if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    segments = None if types is None else (types[:start], types[start], types[end:])
    return SpecialPieces(whole[:start], whole[end:], padding, segments)


def takes_segments(network: Any, highest: int) -> bool:
    """Check whether an encoder accepts its tokenizer's segments.

    network (PreTrainedModel): The encoder.
    highest (int): The highest segment index.
    RETURNS (bool): Whether it does. Without a declared limit, any index is fine.
    """
    limit = getattr(network.config, "type_vocab_size", None) or highest + 1
    taken = "token_type_ids" in inspect.signature(network.forward).parameters
    return taken and highest < limit

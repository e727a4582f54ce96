"""The longest input of an encoder."""

from typing import Any

from ..compat.transformers import padding_position

#: The longest window, including special tokens, even if an encoder accepts longer ones.
LONGEST_WINDOW = 512


def longest_window(tokenizer: Any, network: Any) -> int:
    """Find the longest input of an encoder.

    RETURNS (int): A number of wordpieces, including special tokens. At most `LONGEST_WINDOW`.
    """
    positions = getattr(network.config, "max_position_embeddings", None) or LONGEST_WINDOW
    if positions < 0:
        # XLNet has no limit.
        positions = LONGEST_WINDOW
    padding = padding_position(network)
    taken = 0 if padding is None else padding + 1
    return int(min(positions - taken, tokenizer.model_max_length, LONGEST_WINDOW))

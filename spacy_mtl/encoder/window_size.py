"""How much an encoder reads at once."""

from typing import Any

from ..compat.transformers import padding_position

#: The longest window by default, special tokens included, where an encoder takes longer ones.
LONGEST_WINDOW = 512


def longest_window(tokenizer: Any, network: Any) -> int:
    """Find how much an encoder reads at once.

    RETURNS (int): A number of wordpieces, special tokens included. `LONGEST_WINDOW` at most.
    """
    positions = getattr(network.config, "max_position_embeddings", None) or LONGEST_WINDOW
    if positions < 0:
        # No limit, says XLNet.
        positions = LONGEST_WINDOW
    padding = padding_position(network)
    taken = 0 if padding is None else padding + 1
    return int(min(positions - taken, tokenizer.model_max_length, LONGEST_WINDOW))

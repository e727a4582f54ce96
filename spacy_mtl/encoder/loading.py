"""Pretrained encoders, from a folder or the model hub."""

from pathlib import Path
from typing import Any, Dict

from .special import SpecialPieces

#: The longest window by default, special tokens included, where an encoder takes longer ones.
LONGEST_WINDOW = 512


def load_pretrained(
    name: str, tokenizer_config: Dict[str, Any], transformer_config: Dict[str, Any], where: str
) -> Any:
    """Load an encoder and its tokenizer.

    name (str): A folder, or a name on the model hub.
    tokenizer_config (Dict[str, Any]): Settings of the tokenizer.
    transformer_config (Dict[str, Any]): Settings of the encoder.
    where (str): The block of the config that names it, for the error.
    RETURNS (HFObjects): Both.
    RAISES (ValueError): If there is no such encoder.
    """
    from spacy_transformers.layers.transformer_model import huggingface_from_pretrained

    try:
        return huggingface_from_pretrained(name, dict(tokenizer_config), dict(transformer_config))
    # Damaged weights raise errors of the library that reads them.
    except Exception as err:
        raise ValueError(explain_failure(name, where, err)) from err


def explain_failure(name: str, where: str, err: Exception) -> str:
    """Say what is wrong with the name of an encoder, and how to mend it.

    name (str): What could not be loaded.
    where (str): The block of the config that has it as "name".
    err (Exception): What the library says.
    RETURNS (str): A message.
    """
    if Path(name).is_dir():
        return (
            f"The encoder could not be loaded from the folder '{name}', which holds "
            f"{_list_folder(name)}. It needs config.json, the weights (model.safetensors) and the "
            "tokenizer's files (tokenizer.json, tokenizer_config.json). Complete it, or mend "
            f"'name' in {where}. The loader said: {err}"
        )
    return (
        f"The encoder '{name}' could not be loaded: no such folder with a model, or no such name "
        f"on the model hub (or no network). Mend 'name' in {where}: the path of a folder that "
        "holds config.json, the weights and the tokenizer, or a hub name such as 'roberta-base'. "
        f"The loader said: {err}"
    )


def find_special_pieces(tokenizer: Any) -> SpecialPieces:
    """Find what an encoder wants around a text.

    tokenizer (PreTrainedTokenizerBase): The encoder's tokenizer.
    RETURNS (SpecialPieces): The special tokens.
    """
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    encoded = tokenizer("a")
    whole, types = encoded["input_ids"], encoded.get("token_type_ids")
    starts = range(len(whole) - len(plain) + 1)
    start = next(i for i in starts if whole[i : i + len(plain)] == plain)
    end = start + len(plain)
    # A model without a padding token was trained without padding; masked, any will do.
    padding = 0 if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    segments = None if types is None else (types[:start], types[start], types[end:])
    return SpecialPieces(whole[:start], whole[end:], padding, segments)


def longest_window(tokenizer: Any, network: Any) -> int:
    """Find how much an encoder reads at once.

    RETURNS (int): A number of wordpieces, special tokens included. `LONGEST_WINDOW` at most.
    """
    positions = getattr(network.config, "max_position_embeddings", None) or LONGEST_WINDOW
    if positions < 0:
        # No limit, says XLNet.
        positions = LONGEST_WINDOW
    # RoBERTa and its kin count positions from the number of the padding token on.
    padding = getattr(getattr(network, "embeddings", None), "padding_idx", None)
    taken = 0 if padding is None else padding + 1
    return int(min(positions - taken, tokenizer.model_max_length, LONGEST_WINDOW))


def _list_folder(folder: str) -> str:
    names = sorted(path.name for path in Path(folder).iterdir())
    return ", ".join(names[:12]) or "nothing"

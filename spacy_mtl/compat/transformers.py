"""Private parts of transformers, which isn't imported here because that takes seconds."""

from typing import Any, Dict, Optional


def has_own_code(thing: Any) -> bool:
    """Check whether an object's class comes from a model's own code, not from the library.

    Uses `transformers_modules`, the package that the library creates for such code.

    thing (Union[PreTrainedModel, PreTrainedTokenizerBase]): A network or a tokenizer.
    RETURNS (bool): Whether its class was loaded with trust_remote_code.
    """
    return type(thing).__module__.startswith("transformers_modules")


def byte_decoder_of(tokenizer: Any) -> Optional[Dict[str, int]]:
    """Get the mapping from letters in a slow tokenizer's wordpieces to bytes.

    Uses `byte_decoder`, an attribute of GPT-2's tokenizer and similar ones:
    `convert_tokens_to_string` returns text, which loses bytes that aren't whole letters.

    tokenizer (PreTrainedTokenizerBase): The tokenizer.
    RETURNS (Optional[Dict[str, int]]): Bytes by letter. None if its wordpieces are text.
    """
    found = getattr(tokenizer, "byte_decoder", None)
    return found if isinstance(found, dict) else None


def has_byte_pieces(tokenizer: Any) -> bool:
    """Check whether each wordpiece of a tokenizer is one byte.

    Uses `_utf_vocab_size`, an attribute of ByT5's and Perceiver's tokenizers: nothing else shows
    that 'A' stands for a byte instead of a letter.

    tokenizer (PreTrainedTokenizerBase): The tokenizer.
    RETURNS (bool): Whether it is.
    """
    return getattr(tokenizer, "_utf_vocab_size", None) == 256


def padding_position(network: Any) -> Optional[int]:
    """Find where an encoder's position indices start.

    Uses `network.embeddings.padding_idx`. RoBERTa and its relatives start after the index of the
    padding token, and so read fewer wordpieces than their config says.

    network (PreTrainedModel): The encoder.
    RETURNS (Optional[int]): The index before the first position. None if it starts at 0.
    """
    return getattr(getattr(network, "embeddings", None), "padding_idx", None)


def tokenizer_class(name: str) -> Optional[type]:
    """Look up a tokenizer's class by name, without running code from outside of the library.

    Uses `tokenizer_class_from_name`, an undocumented function behind `AutoTokenizer`.

    name (str): The name.
    RETURNS (Optional[type]): The class, if there is one.
    """
    from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

    return tokenizer_class_from_name(name)

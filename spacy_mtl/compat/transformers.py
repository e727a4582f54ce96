"""Private parts of transformers. It is not imported here: that takes seconds."""

from typing import Any, Dict, Optional


def has_own_code(thing: Any) -> bool:
    """Tell whether a class came along with a model, rather than with the library.

    Reaches for `transformers_modules`, the package that the library makes of such code.

    thing (Union[PreTrainedModel, PreTrainedTokenizerBase]): A network or a tokenizer.
    RETURNS (bool): Whether its class was loaded with trust_remote_code.
    """
    return type(thing).__module__.startswith("transformers_modules")


def byte_decoder_of(tokenizer: Any) -> Optional[Dict[str, int]]:
    """Find the bytes that the letters of a slow tokenizer's wordpieces stand for.

    Reaches for `byte_decoder`, an attribute of GPT-2's tokenizer and all that are made like it:
    `convert_tokens_to_string` gives text, in which bytes that are no whole letter are lost.

    tokenizer (PreTrainedTokenizerBase): The tokenizer.
    RETURNS (Optional[Dict[str, int]]): By letter. None if its wordpieces are text.
    """
    found = getattr(tokenizer, "byte_decoder", None)
    return found if isinstance(found, dict) else None


def has_byte_pieces(tokenizer: Any) -> bool:
    """Tell whether each wordpiece of a tokenizer is one byte.

    Reaches for `_utf_vocab_size`, an attribute of the tokenizers of ByT5 and Perceiver: nothing
    else tells that 'A' stands for a byte and not for a letter.

    tokenizer (PreTrainedTokenizerBase): The tokenizer.
    RETURNS (bool): Whether it is so.
    """
    return getattr(tokenizer, "_utf_vocab_size", None) == 256


def padding_position(network: Any) -> Optional[int]:
    """Find the number from which an encoder counts its positions.

    Reaches for `network.embeddings.padding_idx`. RoBERTa and its kin count from the number of the
    padding token on, and so read fewer wordpieces than their config says.

    network (PreTrainedModel): The encoder.
    RETURNS (Optional[int]): The number before the first. None if it counts from 0.
    """
    return getattr(getattr(network, "embeddings", None), "padding_idx", None)


def tokenizer_class(name: str) -> Optional[type]:
    """Look up a tokenizer's class by its name, without running code that is not the library's.

    Reaches for `tokenizer_class_from_name`, which `AutoTokenizer` uses and nobody documents.

    name (str): The name.
    RETURNS (Optional[type]): The class, if there is one.
    """
    from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

    return tokenizer_class_from_name(name)

"""A saved encoder is data: what its bytes may hold, and what is refused.

What stands in them goes to loaders of transformers that can do more than load: run code that
comes along or lies on a hub, read and write any file, unpickle. So each name and setting is
looked at first, and nothing is built, unpickled or written before.
"""

from typing import Any, Dict, Iterator, List, Mapping

from ..packed import unpack
from .saved_config import problems_of_config
from .saved_settings import CODE, entries
from .saved_tokenizer import problems_of_file, problems_of_settings
from .saved_weights import Damage, problems_of_weights

#: What every saved encoder has.
PARTS = ("config", "state", "tokenizer")


class SavedEncoderError(ValueError):
    """A saved encoder that is refused, because it is damaged or more than data."""


def problems_of_shim(data: bytes) -> List[str]:
    """Find what is dangerous or broken in the bytes of a saved encoder.

    data (bytes): What `HFShim.to_bytes` or our own shim made.
    RETURNS (List[str]): A sentence each. Nothing is built or unpickled for it.
    """
    try:
        message = unpack_shim(data)
    except SavedEncoderError as err:
        return [Damage(err)]
    return list(problems_of_message(message))


def unpack_shim(data: bytes) -> Dict[str, Any]:
    """Take the bytes of a saved encoder apart.

    data (bytes): The bytes.
    RETURNS (Dict[str, Any]): Its parts.
    RAISES (SavedEncoderError): If they are damaged, or none of an encoder.
    """
    try:
        message = unpack(data)
    # Whatever the decoder, or those that libraries have registered with it, says.
    except Exception as err:
        raise SavedEncoderError(
            f"the bytes of the encoder are damaged, or cut short ({type(err).__name__}: {err})"
        ) from err
    if not isinstance(message, dict) or any(key not in message for key in PARTS):
        found = ", ".join(map(repr, message)) if isinstance(message, dict) else type(message)
        raise SavedEncoderError(
            f"its bytes are not those of an encoder: expected {', '.join(PARTS)}, found "
            f"{str(found)[:200]}"
        )
    return message


def problems_of_message(message: Mapping[str, Any]) -> Iterator[str]:
    """Look at the parts of a saved encoder.

    message (Dict[str, Any]): What `unpack_shim` gives.
    YIELDS (str): What is dangerous or broken, a sentence each.
    """
    for key in ("_init_tokenizer_config", "_init_transformer_config"):
        settings = message.get(key) or {}
        if not isinstance(settings, dict):
            yield Damage(f"'{key}' is of type {type(settings).__name__}, expected a dict")
            continue
        for where, name, value in entries(settings):
            if name in CODE and value:
                yield f"'{key}' has '{where}': a saved pipeline runs no code"
    config, state, tokenizer = (message[key] for key in PARTS)
    if not config:
        return
    if not isinstance(config, dict) or not isinstance(tokenizer, dict):
        yield Damage(
            f"'config' and 'tokenizer' are of type {type(config).__name__} and "
            f"{type(tokenizer).__name__}, expected two dicts"
        )
        return
    yield from problems_of_config(config)
    if not set(tokenizer) - {"kwargs"}:
        yield Damage("there is no file of a tokenizer")
    for name, content in tokenizer.items():
        if name == "kwargs":
            yield from problems_of_settings(content)
        else:
            yield from problems_of_file(name, content)
    yield from problems_of_weights(state)

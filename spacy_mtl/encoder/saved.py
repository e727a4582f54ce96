"""Checking the bytes of a saved encoder, which must be nothing but data.

Their content goes to loaders in transformers that can do more than load: run code from the
files or a hub, read and write any file, unpickle. So every name and setting is checked first,
before anything is built, unpickled or written.
"""

from typing import Any, Dict, Iterator, List, Mapping

from ..packed import unpack
from .saved_config import problems_of_config
from .saved_ranges import RANGES, problems_of_ranges
from .saved_settings import CODE, entries
from .saved_tokenizer import problems_of_file, problems_of_settings
from .saved_weights import Damage, problems_of_weights

#: The parts that every saved encoder has.
PARTS = ("config", "state", "tokenizer")


class SavedEncoderError(ValueError):
    """A saved encoder that is rejected because it is damaged or more than data."""


def problems_of_shim(data: bytes) -> List[str]:
    """Find dangerous or broken parts in the bytes of a saved encoder.

    data (bytes): The output of `HFShim.to_bytes` or our own shim.
    RETURNS (List[str]): One sentence per problem. Nothing is built or unpickled.
    """
    try:
        message = unpack_shim(data)
    except SavedEncoderError as err:
        return [Damage(err)]
    return list(problems_of_message(message))


def unpack_shim(data: bytes) -> Dict[str, Any]:
    """Unpack the bytes of a saved encoder.

    data (bytes): The bytes.
    RETURNS (Dict[str, Any]): Its parts.
    RAISES (SavedEncoderError): If the bytes are damaged or not an encoder.
    """
    try:
        message = unpack(data)
    # The decoder, and decoders that libraries registered with it, may raise anything.
    except Exception as err:
        raise SavedEncoderError(
            f"the bytes of the encoder are damaged or truncated ({type(err).__name__}: {err})"
        ) from err
    if not isinstance(message, dict) or any(key not in message for key in PARTS):
        found = ", ".join(map(repr, message)) if isinstance(message, dict) else type(message)
        raise SavedEncoderError(
            f"its bytes are not an encoder: expected {', '.join(PARTS)}, found {str(found)[:200]}"
        )
    return message


def problems_of_message(message: Mapping[str, Any]) -> Iterator[str]:
    """Check the parts of a saved encoder.

    message (Dict[str, Any]): The output of `unpack_shim`.
    YIELDS (str): One sentence per dangerous or broken part.
    """
    for key in ("_init_tokenizer_config", "_init_transformer_config"):
        settings = message.get(key) or {}
        if not isinstance(settings, dict):
            yield Damage(f"'{key}' is of type {type(settings).__name__}, expected a dict")
            continue
        for where, name, value in entries(settings):
            if name in CODE and value:
                yield f"'{key}' has '{where}': a saved pipeline can't run code"
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
        yield Damage("it has no tokenizer files")
    for name, content in tokenizer.items():
        if name == "kwargs":
            yield from problems_of_settings(content)
        else:
            yield from problems_of_file(name, content)
    yield from problems_of_weights(state)
    if RANGES in message:
        yield from problems_of_ranges(message[RANGES])

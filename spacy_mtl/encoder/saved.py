"""A saved encoder is data: what its bytes may hold, and what is refused.

What stands in them goes to loaders of transformers that can do more than load: run code that
comes along or lies on a hub, read and write any file, unpickle. So each name and setting is
looked at first, and nothing is built, unpickled or written before.
"""

import json
import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from ..compat.transformers import tokenizer_class
from ..packed import unpack
from .saved_weights import Damage, problems_of_weights

#: What every saved encoder has.
PARTS = ("config", "state", "tokenizer")
#: Settings that ask for code, or name it.
CODE = {"auto_map", "custom_pipelines", "code_revision", "trust_remote_code"}
# What makes a network load something beside itself.
_LOADS_MORE = {
    "quantization_config",
    "backbone",
    "use_pretrained_backbone",
    "use_timm_backbone",
    "gguf_file",
    "peft_config",
}
_OF_USERS = {"id2label", "label2id", "task_specific_params"}
# Others are names on a hub of compiled code.
_ATTENTIONS = ("eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention")
_DTYPES = ("float32", "float16", "bfloat16", "float64")
_SUFFIXES = {
    *(".txt", ".json", ".model", ".jinja", ".spm", ".bpe", ".codes", ".tiktoken", ".vocab"),
}
# The first is written by us; the second names another network.
_NOT_OF_TOKENIZER = {"config.json", "adapter_config.json"}
_TOKENIZER_SETTINGS = {
    *("use_fast", "model_max_length", "padding_side", "truncation_side", "add_prefix_space"),
    *("do_lower_case", "do_basic_tokenize", "strip_accents", "tokenize_chinese_chars", "legacy"),
    *("clean_up_tokenization_spaces", "split_special_tokens", "trim_offsets", "keep_accents"),
    *("add_bos_token", "add_eos_token", "remove_space", "never_split"),
}
# Its words are unpickled.
_UNPICKLES = {"TransfoXLTokenizer", "RagTokenizer"}
# Notes of where a tokenizer once came from, which no loader opens.
_NOTES = {"name_or_path", "special_tokens_map_file"}
# Not all of these names end like the name of a path.
_PLACES = {"mecab_option", "init_inputs", "subfolder", "source_spm", "target_spm", "vocab"}
# Both give arguments to the tokenizer's class.
_OF_SETTINGS = {"tokenizer_config.json", "special_tokens_map.json"}
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_IS_PLACE = re.compile(r"(_|^)(files?|paths?|dir|directory|folder|url)$")


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
        for where, name, value in _entries(settings):
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
    yield from _problems_of_config(config)
    if not set(tokenizer) - {"kwargs"}:
        yield Damage("there is no file of a tokenizer")
    for name, content in tokenizer.items():
        if name == "kwargs":
            yield from _problems_of_settings(content)
        else:
            yield from _problems_of_file(name, content)
    yield from problems_of_weights(state)


def without_code(settings: Mapping[str, Any]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The settings but for those that name code, at any depth."""
    return {
        key: without_code(value) if isinstance(value, dict) else value
        for key, value in settings.items()
        if key not in CODE
    }


def without_places(settings: Mapping[str, Any]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): A tokenizer's settings but for places on the disk."""
    return {
        key: value
        for key, value in settings.items()
        if key not in _NOTES and not (value and _is_place(key))
    }


def _entries(config: Any) -> Iterator[Tuple[str, str, Any]]:
    """YIELDS (Tuple[str, str, Any]): Path, key and value of each entry, at any depth."""
    waiting: List[Tuple[str, Any]] = [("", config)]
    while waiting:
        prefix, found = waiting.pop()
        pairs: Any = found.items() if isinstance(found, dict) else enumerate(found)
        for key, value in pairs:
            yield f"{prefix}{key}", str(key), value
            if isinstance(value, (dict, list, tuple)):
                waiting.append((f"{prefix}{key}.", value))


def _problems_of_config(config: Dict[str, Any]) -> Iterator[str]:
    from transformers import CONFIG_MAPPING, PretrainedConfig

    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in CONFIG_MAPPING:
        yield Damage(
            f"its config has model_type = {kind!r}, which is no kind of network that the "
            "installed transformers has"
        )
    # Of these the keys, too, are words of a user's.
    settings = {key: value for key, value in config.items() if key not in _OF_USERS}
    for where, key, value in _entries(settings):
        if key in CODE and value:
            yield f"its config has '{where}', which names code: a saved pipeline runs none"
        elif key in _LOADS_MORE and value:
            yield f"its config has '{where}', which loads something beside the saved weights"
        elif "attn_implementation" in key and not _is_attention(value):
            yield f"its config has {where} = {value!r}, expected one of {', '.join(_ATTENTIONS)}"
        elif key in ("torch_dtype", "dtype") and value not in (None, *_DTYPES):
            yield Damage(
                f"its config has {where} = {value!r}, expected one of {', '.join(_DTYPES)}"
            )
        elif key == "tokenizer_class" and value is not None:
            yield from _problems_of_class(value, "its config")
        elif key.startswith("__") or callable(getattr(PretrainedConfig, key, None)):
            yield f"its config has '{where}', which is no setting of a network"


def _is_attention(value: Any) -> bool:
    found = list(value.values()) if isinstance(value, dict) else [value]
    return all(v is None or isinstance(v, bool) or v in _ATTENTIONS for v in found)


def _problems_of_settings(settings: Any) -> Iterator[str]:
    if not isinstance(settings, dict):
        yield Damage(
            f"the tokenizer's settings are of type {type(settings).__name__}, expected a dict"
        )
        return
    for key, value in settings.items():
        if key not in _TOKENIZER_SETTINGS:
            yield (
                f"the tokenizer's settings have '{key}' = {str(value)[:100]!r}, which no saved "
                "encoder needs"
            )
        elif not isinstance(value, (bool, int, float, str, type(None))):
            yield Damage(f"the tokenizer's setting '{key}' is of type {type(value).__name__}")


def _problems_of_file(name: Any, content: Any) -> Iterator[str]:
    if not _is_plain(name):
        yield f"the tokenizer has a file {name!r}: expected the plain name of a text or model file"
        return
    if not isinstance(content, bytes):
        yield Damage(
            f"the tokenizer's file '{name}' is of type {type(content).__name__}, expected bytes"
        )
    elif name.lower().endswith(".json"):
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as err:
            yield Damage(f"the tokenizer's file '{name}' is damaged: no JSON ({err})")
            return
        if isinstance(found, dict):
            yield from _problems_of_json(name, found)


def _is_plain(name: Any) -> bool:
    if not isinstance(name, str) or not name or len(name) > 200:
        return False
    path, windows = PurePosixPath(name), PureWindowsPath(name)
    return (
        path.name == name == windows.name
        and not _RESERVED.fullmatch(name)
        and name.isprintable()
        and ":" not in name
        and not name.startswith(".")
        and name == name.rstrip(". ")
        and name.lower() not in _NOT_OF_TOKENIZER
        and path.suffix.lower() in _SUFFIXES
    )


def _problems_of_json(name: str, found: Dict[str, Any]) -> Iterator[str]:
    for key in CODE:
        # Of a vocabulary it is the number of a word.
        is_word = isinstance(found.get(key), int) and not isinstance(found[key], bool)
        if found.get(key) and not is_word:
            yield f"the tokenizer's file '{name}' has '{key}': a saved pipeline runs no code"
    if name.lower() not in _OF_SETTINGS:
        return
    if found.get("tokenizer_class") is not None:
        yield from _problems_of_class(found["tokenizer_class"], f"the tokenizer's file '{name}'")
    words = {"added_tokens_decoder", "chat_template", "lang2id", "id2lang"}
    settings = {key: value for key, value in found.items() if key not in words}
    for where, key, value in _entries(settings):
        if _is_place(key) and value and key not in _NOTES:
            yield (
                f"the tokenizer's file '{name}' has {where} = {str(value)[:100]!r}, which names "
                "another file"
            )


def _is_place(key: str) -> bool:
    return key in _PLACES or _IS_PLACE.search(key) is not None


def _problems_of_class(name: Any, where: str) -> Iterator[str]:
    from transformers import PreTrainedTokenizerBase

    if not isinstance(name, str):
        yield f"{where} has tokenizer_class = {name!r}, expected a name"
        return
    plain = name.removesuffix("Fast")
    found = [tokenizer_class(each) for each in (plain, f"{plain}Fast")]
    is_one = [isinstance(c, type) and issubclass(c, PreTrainedTokenizerBase) for c in found]
    if not any(is_one) or plain in _UNPICKLES:
        yield (
            f"{where} has tokenizer_class = {name!r}, which is no tokenizer of the installed "
            "transformers that loads without running code"
        )

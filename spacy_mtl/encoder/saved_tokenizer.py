"""Checking the tokenizer of a saved encoder: only settings and plain files, no code."""

import json
import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Dict, Iterator

from ..compat.transformers import tokenizer_class
from .saved_settings import CODE, NOTES, entries, is_place
from .saved_weights import Damage

_SUFFIXES = {
    *(".txt", ".json", ".model", ".jinja", ".spm", ".bpe", ".codes", ".tiktoken", ".vocab"),
}
# We write the first ourselves; the second names another network.
_NOT_OF_TOKENIZER = {"config.json", "adapter_config.json"}
_TOKENIZER_SETTINGS = {
    *("use_fast", "model_max_length", "padding_side", "truncation_side", "add_prefix_space"),
    *("do_lower_case", "do_basic_tokenize", "strip_accents", "tokenize_chinese_chars", "legacy"),
    *("clean_up_tokenization_spaces", "split_special_tokens", "trim_offsets", "keep_accents"),
    *("add_bos_token", "add_eos_token", "remove_space", "never_split"),
}
# Their vocabularies are unpickled.
_UNPICKLES = {"TransfoXLTokenizer", "RagTokenizer"}
# Both pass arguments to the tokenizer's class.
_OF_SETTINGS = {"tokenizer_config.json", "special_tokens_map.json"}
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def problems_of_settings(settings: Any) -> Iterator[str]:
    """Check the settings that a saved tokenizer is loaded with.

    settings (Dict[str, Any]): The settings.
    YIELDS (str): One sentence per dangerous or broken setting.
    """
    if not isinstance(settings, dict):
        yield Damage(
            f"the tokenizer's settings are of type {type(settings).__name__}, expected a dict"
        )
        return
    for key, value in settings.items():
        if key not in _TOKENIZER_SETTINGS:
            yield (
                f"the tokenizer's settings have '{key}' = {str(value)[:100]!r}, which saved "
                "encoders don't need"
            )
        elif not isinstance(value, (bool, int, float, str, type(None))):
            yield Damage(f"the tokenizer's setting '{key}' is of type {type(value).__name__}")


def problems_of_file(name: Any, content: Any) -> Iterator[str]:
    """Check a file of a saved tokenizer.

    name (str): Its name.
    content (bytes): Its content.
    YIELDS (str): One sentence per danger or error.
    """
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
            yield Damage(f"the tokenizer's file '{name}' is damaged: not JSON ({err})")
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
        # In a vocabulary it is the index of a word.
        is_word = isinstance(found.get(key), int) and not isinstance(found[key], bool)
        if found.get(key) and not is_word:
            yield f"the tokenizer's file '{name}' has '{key}': a saved pipeline can't run code"
    if name.lower() not in _OF_SETTINGS:
        return
    if found.get("tokenizer_class") is not None:
        yield from problems_of_class(found["tokenizer_class"], f"the tokenizer's file '{name}'")
    words = {"added_tokens_decoder", "chat_template", "lang2id", "id2lang"}
    settings = {key: value for key, value in found.items() if key not in words}
    for where, key, value in entries(settings):
        if is_place(key) and value and key not in NOTES:
            yield (
                f"the tokenizer's file '{name}' has {where} = {str(value)[:100]!r}, which names "
                "another file"
            )


def problems_of_class(name: Any, where: str) -> Iterator[str]:
    """Check the class that a saved tokenizer is loaded as.

    name (str): The class name in the files.
    where (str): The file that has it, for the message.
    YIELDS (str): A problem, if any: classes outside of the library would run code.
    """
    from transformers import PreTrainedTokenizerBase

    if not isinstance(name, str):
        yield f"{where} has tokenizer_class = {name!r}, expected a name"
        return
    plain = name.removesuffix("Fast")
    found = [tokenizer_class(each) for each in (plain, f"{plain}Fast")]
    is_one = [isinstance(c, type) and issubclass(c, PreTrainedTokenizerBase) for c in found]
    if not any(is_one) or plain in _UNPICKLES:
        yield (
            f"{where} has tokenizer_class = {name!r}, which is not a tokenizer that the installed "
            "transformers can load without running code"
        )

"""The tokenizer of a saved encoder: settings and plain files, and no code."""

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
# Both give arguments to the tokenizer's class.
_OF_SETTINGS = {"tokenizer_config.json", "special_tokens_map.json"}
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def problems_of_settings(settings: Any) -> Iterator[str]:
    """Look at the settings that a saved tokenizer is loaded with.

    settings (Dict[str, Any]): The settings.
    YIELDS (str): What is dangerous or broken, a sentence each.
    """
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


def problems_of_file(name: Any, content: Any) -> Iterator[str]:
    """Look at a file of a saved tokenizer.

    name (str): Its name.
    content (bytes): What is in it.
    YIELDS (str): What is dangerous or broken, a sentence each.
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
    """Look at the class that a saved tokenizer is loaded as.

    name (str): What the files say.
    where (str): Which of them, for the message.
    YIELDS (str): What is wrong, if anything: other classes than the library's would run code.
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
            f"{where} has tokenizer_class = {name!r}, which is no tokenizer of the installed "
            "transformers that loads without running code"
        )

"""Finding and removing settings of a saved encoder that name code or paths."""

import re
from typing import Any, Dict, Iterator, List, Mapping, Tuple

#: Settings that allow or name code.
CODE = {"auto_map", "custom_pipelines", "code_revision", "trust_remote_code"}
# Notes on where a tokenizer came from. No loader opens them.
NOTES = {"name_or_path", "special_tokens_map_file"}
# Path settings whose names the pattern below doesn't match.
_PLACES = {"mecab_option", "init_inputs", "subfolder", "source_spm", "target_spm", "vocab"}
_IS_PLACE = re.compile(r"(_|^)(files?|paths?|dir|directory|folder|url)$")


def without_code(settings: Mapping[str, Any]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The settings without those that name code, at any depth."""
    return {
        key: without_code(value) if isinstance(value, dict) else value
        for key, value in settings.items()
        if key not in CODE
    }


def without_places(settings: Mapping[str, Any]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): A tokenizer's settings without paths."""
    return {
        key: value
        for key, value in settings.items()
        if key not in NOTES and not (value and is_place(key))
    }


def entries(config: Any) -> Iterator[Tuple[str, str, Any]]:
    """YIELDS (Tuple[str, str, Any]): Dotted path, key and value of each entry, at any depth."""
    waiting: List[Tuple[str, Any]] = [("", config)]
    while waiting:
        prefix, found = waiting.pop()
        pairs: Any = found.items() if isinstance(found, dict) else enumerate(found)
        for key, value in pairs:
            yield f"{prefix}{key}", str(key), value
            if isinstance(value, (dict, list, tuple)):
                waiting.append((f"{prefix}{key}.", value))


def is_place(key: str) -> bool:
    """RETURNS (bool): Whether a tokenizer's setting is a path."""
    return key in _PLACES or _IS_PLACE.search(key) is not None

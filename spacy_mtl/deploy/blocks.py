"""The blocks of a config, or of what a JSON file holds."""

from typing import Any, Dict, Iterator, List, Tuple


def blocks_of(config: Any) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Walk the blocks of a config, or of what a JSON file holds.

    config (Any): The config.
    YIELDS (Tuple[str, Dict[str, Any]]): The path of each block, and the block; also of those in
        lists, at any depth.
    """
    waiting: List[Tuple[str, Any]] = [("", config)]
    while waiting:
        path, found = waiting.pop()
        if isinstance(found, dict):
            yield path, found
        entries = found.items() if isinstance(found, dict) else enumerate(found)
        inner = [
            (f"{path}.{key}" if path else f"{key}", value)
            for key, value in entries
            if isinstance(value, (dict, list))
        ]
        waiting += reversed(inner)

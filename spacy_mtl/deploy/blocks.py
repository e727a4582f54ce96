"""The blocks of a config or a JSON file."""

from typing import Any, Dict, Iterator, List, Tuple


def blocks_of(config: Any) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Walk the blocks of a config or a JSON file.

    config (Any): The config or the content of the file.
    YIELDS (Tuple[str, Dict[str, Any]]): The path of each block and the block, at any depth,
        including blocks in lists.
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

"""Read a line of JSON strictly: reject anything that would be lost or can't be written."""

import json
from collections import Counter
from typing import Any, Dict, List, Tuple

from .errors import show


class RefusedError(ValueError):
    """A line that isn't a JSON object, or one that Python accepts but we don't."""


def read_object(content: str) -> Dict[str, Any]:
    """Read a JSON object.

    content (str): The line.
    RETURNS (Dict[str, Any]): Its values by key, without null values.
    RAISES (RefusedError): If it isn't an object, repeats a key, or can't be written again.
    """
    try:
        data = json.loads(content, object_pairs_hook=_unique, parse_constant=_refuse_constant)
        if "\\ud" in content.lower():  # half of a pair, perhaps
            json.dumps(data, ensure_ascii=False).encode("utf8")
    except json.JSONDecodeError as err:
        raise RefusedError(f"invalid JSON: {err.msg} at character {err.pos + 1}") from None
    except UnicodeEncodeError as err:
        raise RefusedError(f"cannot be written as UTF-8: {err.reason}") from None
    except RecursionError:
        raise RefusedError("cannot be read as JSON: brackets are nested too deep") from None
    except RefusedError:
        raise
    except ValueError:
        # Python's own message is about a setting of the interpreter.
        raise RefusedError("cannot be read as JSON: a number has too many digits") from None
    if not isinstance(data, dict):
        found = type(data).__name__
        raise RefusedError(f"expected a JSON object, found {found}. Write one object per line")
    return {key: value for key, value in data.items() if value is not None}


def _unique(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise RefusedError(f"the key {show(key)} is repeated. Only one of its values would be used")
    return data


def _refuse_constant(name: str) -> float:
    raise RefusedError(f"{name} is not valid JSON. Write a number, or null if there is none")

"""One line of JSON, read strictly: what would be lost or cannot be written is refused."""

import json
from collections import Counter
from typing import Any, Dict, List, Tuple

from .errors import show


class RefusedError(ValueError):
    """A line that is no JSON object, or one that Python takes and we do not."""


def read_object(content: str) -> Dict[str, Any]:
    """Read a JSON object.

    content (str): The line.
    RETURNS (Dict[str, Any]): Its values by key, without those that are null.
    RAISES (RefusedError): If it is none, has a key twice, or what cannot be written again.
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
        # Python's own message names a setting of the interpreter.
        raise RefusedError("cannot be read as JSON: a number has too many digits") from None
    if not isinstance(data, dict):
        found = type(data).__name__
        raise RefusedError(f"expected a JSON object, found {found}. Write one object a line")
    return {key: value for key, value in data.items() if value is not None}


def _unique(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise RefusedError(
            f"the key {show(key)} is repeated. Only one of its values would be taken"
        )
    return data


def _refuse_constant(name: str) -> float:
    raise RefusedError(f"{name} is no JSON. Write a number, or null where there is none")

"""Convert values of any kind to what JSON can express."""

import math
from typing import Any


def to_json_types(value: Any) -> Any:
    """Convert a value: scores, for example, may be numpy numbers, or of any other type.

    value (Any): The value.
    RETURNS (Any): Dicts, lists, strings and numbers. Everything else, such as NaN, becomes None.
    """
    if isinstance(value, dict):
        return {str(key): to_json_types(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json_types(each) for each in value]
    if isinstance(value, (str, int)):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None

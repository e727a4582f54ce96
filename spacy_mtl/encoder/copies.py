"""Copies of networks that only predict, made once and made again after the weights changed.

Neither the address nor the version of a tensor shows that an optimizer of thinc changed it in
place. So shims say so, and changes by others are noticed by address and version.
"""

from dataclasses import dataclass
from threading import RLock
from typing import Any, Callable, Dict, List, Tuple
from weakref import WeakKeyDictionary


@dataclass(frozen=True)
class _Copy:
    made: Any
    parameters: List[Any]
    state: List[Tuple[int, int]]


# All threads share one copy. It may be made of another one.
_MAKING = RLock()
_COPIES: "WeakKeyDictionary[Any, Dict[str, _Copy]]" = WeakKeyDictionary()


def copy_of(network: Any, kind: str, make: Callable[[Any], Any]) -> Any:
    """Get a copy of a network for prediction.

    network (Module): The network.
    kind (str): What copy, such as "int8".
    make (Callable[[Module], Any]): Makes it. The result must not hold the network itself, or
        neither would ever be deleted.
    RETURNS (Any): The copy, made when it is first needed and after the weights changed.
    """
    found = _find(network, kind)
    if found is None:
        with _MAKING:
            # Another thread may have made it meanwhile.
            found = _find(network, kind)
            if found is None:
                parameters = list(network.parameters())
                state = _state_of(parameters)
                found = _Copy(make(network), parameters, state)
                _COPIES.setdefault(network, {})[kind] = found
    return found.made


def forget_copies(network: Any) -> None:
    """Forget the copies of a network, because its weights change.

    network (Optional[Module]): The network, if there is one.
    """
    if network is not None:
        with _MAKING:
            _COPIES.pop(network, None)


def _find(network: Any, kind: str) -> Any:
    found = _COPIES.get(network, {}).get(kind)
    return found if found is not None and _state_of(found.parameters) == found.state else None


def _state_of(parameters: List[Any]) -> List[Tuple[int, int]]:
    return [(parameter.data_ptr(), parameter._version) for parameter in parameters]

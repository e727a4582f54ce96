"""Copies of networks that only predict, made once and made again after the weights changed.

Neither the address nor the version of a tensor shows that an optimizer of thinc changed it in
place. So shims say so. Changes by others are noticed by address and version, unless they write
into `parameter.data`: call `forget_copies` after that.
"""

import copy
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Tuple
from weakref import WeakKeyDictionary

from ..locks import ForkSafeLock


@dataclass(frozen=True)
class _Copy:
    made: Any
    # Keeps their memory, so that no other parameter gets its address.
    parameters: List[Any]
    state: List[Tuple[int, int]]


# All threads share one copy. It may be made of another one.
_MAKING = ForkSafeLock()
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


def twin_of(network: Any, *shared: Any) -> Any:
    """Copy the structure of a network, in evaluation mode.

    network (Module): The network.
    *shared (Any): What the copy shares with it, besides all parameters.
    RETURNS (Module): The copy.
    """
    return copy.deepcopy(network, {id(x): x for x in (*network.parameters(), *shared)}).eval()


def forget_copies(network: Any) -> None:
    """Forget the copies of a network, because its weights change.

    network (Optional[Module]): The network, if there is one.
    """
    if network is not None:
        with _MAKING:
            _COPIES.pop(network, None)


def _find(network: Any, kind: str) -> Any:
    found = _COPIES.get(network, {}).get(kind)
    if found is None or _state_of(list(network.parameters())) != found.state:
        return None
    return found


def _state_of(parameters: List[Any]) -> List[Tuple[int, int]]:
    return [(parameter.data_ptr(), parameter._version) for parameter in parameters]

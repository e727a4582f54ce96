"""Copies of networks that only predict, made once and made again after the weights changed.

Neither the address nor the version of a tensor shows that an optimizer of thinc changed it in
place. So shims say so. Changes by others are noticed by address and version, unless they write
into `parameter.data`: call `forget_copies` after that. So are forward hooks that come or go, and
other modules; other buffers, and settings of modules, are not.
"""

import copy
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Tuple
from weakref import WeakKeyDictionary, ref

from ..compat.torch import parts_of
from ..locks import ForkSafeLock


@dataclass(frozen=True)
class _State:
    """What a network was like.

    modules (List[ReferenceType]): Its modules. Their hooks may refer to it, so this doesn't keep
        them.
    parameters (List[Parameter]): Keeps their memory, so that no other one gets its address.
    weights (List[Tuple[int, int]]): The address and version of each parameter.
    hooks (List[int]): The numbers of its forward hooks.
    """

    modules: List[Any]
    parameters: List[Any] = field(compare=False)
    weights: List[Tuple[int, int]]
    hooks: List[int]


@dataclass(frozen=True)
class _Copy:
    made: Any
    state: _State


# All threads share one copy. It may be made of another one.
_MAKING = ForkSafeLock()
_COPIES: "WeakKeyDictionary[Any, Dict[str, _Copy]]" = WeakKeyDictionary()
#: Networks that share parameters of another one, by that one.
_PARTS: "WeakKeyDictionary[Any, List[Any]]" = WeakKeyDictionary()


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
                state = _state_of(network)
                found = _Copy(make(network), state)
                _COPIES.setdefault(network, {})[kind] = found
    return found.made


def twin_of(network: Any, *shared: Any) -> Any:
    """Copy the structure of a network, in evaluation mode.

    network (Module): The network.
    *shared (Any): What the copy shares with it, besides all parameters and forward hooks.
    RETURNS (Module): The copy.
    """
    parts = parts_of(network)
    kept = {id(x): x for x in (*parts.parameters, *parts.hooks.values(), *shared)}
    return copy.deepcopy(network, kept).eval()


def forget_copies(network: Any) -> None:
    """Forget the copies of a network and of its parts, because its weights change.

    network (Optional[Module]): The network, if there is one.
    """
    if network is not None:
        with _MAKING:
            for each in (network, *_PARTS.get(network, [])):
                _COPIES.pop(each, None)


def note_part(network: Any, part: Any) -> None:
    """Record that the weights of a network are also those of another one.

    network (Module): The network.
    part (Module): The other one, which must not hold the network itself.
    """
    with _MAKING:
        _PARTS.setdefault(network, []).append(part)


def _find(network: Any, kind: str) -> Any:
    found = _COPIES.get(network, {}).get(kind)
    return None if found is None or _state_of(network) != found.state else found


def _state_of(network: Any) -> _State:
    modules, parameters, hooks = parts_of(network)
    weights = [(parameter.data_ptr(), _version_of(parameter)) for parameter in parameters]
    return _State(list(map(ref, modules)), parameters, weights, list(hooks))


def _version_of(parameter: Any) -> int:
    # Those of networks that were loaded in `torch.inference_mode()` have no version.
    return 0 if parameter.is_inference() else parameter._version

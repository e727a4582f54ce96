"""Private parts of torch."""

import re
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set

#: The names that `torch.save` puts into the pickle of a network's state: functions and classes of
#: torch, some of them private. Matches all of "MODULE NAME".
PICKLED_NAMES = re.compile(
    r"collections OrderedDict|torch\._utils _rebuild_\w+|torch \w*Storage|"
    r"torch\.storage \w*Storage|torch\._tensor _rebuild_from_type_v2|torch Size|torch device|"
    r"torch\.nn\.parameter Parameter|torch (b?float|u?int|bool|complex)\w*|_codecs encode"
)


@contextmanager
def one_of_several_passes(parameters: Set[int], is_last: bool) -> Iterator[None]:
    """Make torch keep the graph of a backward pass for the next one.

    Patches `torch.autograd.backward`: thinc's layers call it themselves, without options. Leaves
    that aren't parameters are inputs of a torch layer behind other layers. Their gradient, which
    is passed on, would be the sum over all passes so far, so it is cleared first.

    parameters (Set[int]): The `id` of each parameter. Their gradients are not cleared.
    is_last (bool): Whether the graph is no longer needed.
    """
    import torch

    original = torch.autograd.backward

    def backward(
        tensors: Any, grad_tensors: Any = None, retain_graph: Any = None, *args: Any, **options: Any
    ) -> None:
        for leaf in leaves(tensors):
            if id(leaf) not in parameters:
                leaf.grad = None
        original(tensors, grad_tensors, retain_graph or not is_last, *args, **options)

    torch.autograd.backward = backward
    try:
        yield
    finally:
        torch.autograd.backward = original


def leaves(tensors: Any) -> Iterator[Any]:
    """Find the leaves of a graph.

    Uses `grad_fn.next_functions` and `AccumulateGrad.variable`: torch has no other way to walk a
    graph.

    tensors (Union[Tensor, Sequence[Tensor]]): Where the graph starts.
    YIELDS (Tensor): The leaves.
    """
    roots = [tensors] if hasattr(tensors, "grad_fn") else list(tensors)
    todo = [root.grad_fn for root in roots if root.grad_fn is not None]
    seen = set(todo)
    while todo:
        node = todo.pop()
        if hasattr(node, "variable"):
            yield node.variable
        for child, _ in node.next_functions:
            if child is not None and child not in seen:
                seen.add(child)
                todo.append(child)


def has_int8_sums() -> bool:
    """Check whether the processor adds products of int8 numbers in 32 bits (AVX512-VNNI).

    Uses private functions of `torch.cpu`: torch has no public way to query the processor.

    RETURNS (bool): If not, sums of two products are kept in 16 bits, and large ones are cut off.
    """
    import torch

    names = ("_is_vnni_supported", "_is_avx512_vnni_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in names)


def bfloat16_of_cpu() -> Optional[str]:
    """Find the processor's instructions for bfloat16.

    Uses private functions of `torch.cpu`: torch has no public way to query the processor.

    RETURNS (Optional[str]): The name of the instructions. None if it has none.
    """
    import torch

    features = {"_is_avx512_bf16_supported": "AVX512-BF16", "_is_amx_tile_supported": "AMX"}
    for function, feature in features.items():
        if getattr(torch.cpu, function, bool)():
            return feature
    return None


class Parts(NamedTuple):
    """What decides how a network computes its output.

    modules (List[Module]): Its modules, without itself.
    parameters (List[Parameter]): Its parameters; shared ones several times.
    hooks (Dict[int, Callable]): Its forward hooks, by the number of their registration.
    """

    modules: List[Any]
    parameters: List[Any]
    hooks: Dict[int, Any]


def parts_of(network: Any) -> Parts:
    """List what decides how a network computes its output.

    Uses `Module._parameters`, which takes half the time of `parameters()`, `_forward_hooks` and
    `_forward_pre_hooks`: hooks can be added, not listed.

    network (Module): The network.
    RETURNS (Parts): Its parts.
    """
    _, *modules = network.modules()
    parameters: List[Any] = []
    hooks: Dict[int, Any] = {}
    for module in (network, *modules):
        parameters += [found for found in module._parameters.values() if found is not None]
        hooks.update(module._forward_hooks)
        hooks.update(module._forward_pre_hooks)
    return Parts(modules, parameters, hooks)


def store_of_ranks() -> Any:
    """Find the store by which this process has found the other ranks, whoever has connected them.

    Uses `torch.distributed.distributed_c10d._get_default_store`: a group does not give its store
    away.

    RETURNS (Store): The store of the default process group.
    """
    from torch.distributed import distributed_c10d

    return distributed_c10d._get_default_store()

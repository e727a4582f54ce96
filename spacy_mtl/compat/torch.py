"""Private parts of torch."""

from contextlib import contextmanager
from typing import Any, Iterator, Set


@contextmanager
def one_of_several_passes(parameters: Set[int], is_last: bool) -> Iterator[None]:
    """Have torch keep the graph of a backward pass for the next one.

    Patches `torch.autograd.backward`. Layers of thinc call it themselves and take no options.
    Leaves that are no parameters are inputs of a torch layer after others: their gradient, which
    is passed on, would be that of all passes so far, so it is emptied first.

    parameters (Set[int]): The `id` of each parameter: what it has waits to be taken.
    is_last (bool): Whether the graph is needed no more.
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
    """Find the tensors at which a graph ends.

    Reaches for `grad_fn.next_functions` and `AccumulateGrad.variable`: torch has no other way to
    walk a graph.

    tensors (Union[Tensor, Sequence[Tensor]]): Where the graph begins.
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

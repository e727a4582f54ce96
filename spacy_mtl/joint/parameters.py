"""Each task's gradient at the encoder's own parameters: one backward pass a task.

Backward passes of spaCy and thinc add to the gradients that are there, and let go of what
the forward pass kept. Here the gradients are set aside, and the graph is kept till the last.
"""

from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from thinc.api import Model, Ops, torch2xp, xp2torch
from thinc.types import Floats1d, Floats2d


class EncoderParameters:
    """The parameters of some models, in one row.

    models (Sequence[Model]): The encoder, in one component or two.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        self._slots: List[Any] = []
        seen: Set[int] = set()
        for node in (node for model in models for node in model.walk()):
            if node.id not in seen:
                seen.add(node.id)
                self._slots += [_Thinc(node, name) for name in node.param_names]
                for shim in node.shims:
                    parameters = list(shim._model.parameters())
                    self._slots += [_Torch(p) for p in parameters if p.requires_grad]
        self.n_values = sum(slot.size for slot in self._slots)

    def gradients(self, backprops: Sequence[Callable[[], object]], ops: Ops) -> Floats2d:
        """Run backward passes through one graph, and take what each gives.

        backprops (Sequence[Callable]): The passes, one a task.
        ops (Ops): Where the rows are to be.
        RETURNS (Floats2d): One row a pass. Shape: (n_tasks, n_values). The parameters have
            the gradients that they had before.
        """
        rows = ops.alloc2f(len(backprops), self.n_values)
        ours = {id(slot.parameter) for slot in self._slots if isinstance(slot, _Torch)}
        aside = [slot.take() for slot in self._slots]
        try:
            for i, backprop in enumerate(backprops):
                with _one_of_several(ours, is_last=i == len(backprops) - 1):
                    backprop()
                for slot, part in self._parts(rows[i]):
                    found = slot.take()
                    if found is not None:
                        part[:] = found
        finally:
            for slot, gradient in zip(self._slots, aside):
                slot.take()
                if gradient is not None:
                    slot.add(gradient)
        return rows

    def add(self, gradient: Floats1d, rows: Floats2d) -> None:
        """Add a combined gradient to the parameters.

        gradient (Floats1d): Shape: (n_values,).
        rows (Floats2d): What it was made of. A parameter that no task has reached gets no
            gradient, rather than one of zeros. Shape: (n_tasks, n_values).
        """
        for (slot, part), (_, of_tasks) in zip(self._parts(gradient), self._parts(rows)):
            if part.any() or of_tasks.any():
                slot.add(part)

    def _parts(self, values: Any) -> Iterator[Tuple[Any, Any]]:
        start = 0
        for slot in self._slots:
            yield slot, values[..., start : start + slot.size]
            start += slot.size


class _Torch:
    """The gradient of a parameter of a torch module."""

    def __init__(self, parameter: Any) -> None:
        self.parameter = parameter
        self.size = parameter.numel()

    def take(self) -> Optional[Any]:
        gradient, self.parameter.grad = self.parameter.grad, None
        return None if gradient is None else torch2xp(gradient).ravel()

    def add(self, values: Any) -> None:
        parameter = self.parameter
        gradient = xp2torch(values, device=parameter.device)
        gradient = gradient.reshape(parameter.shape).to(parameter.dtype)
        if parameter.grad is None:
            # A copy: what it was cut from belongs to others.
            parameter.grad = gradient.clone()
        else:
            parameter.grad += gradient


class _Thinc:
    """The gradient of a parameter of a thinc layer."""

    def __init__(self, node: Model, name: str) -> None:
        self.node = node
        self.name = name
        self.size = node.get_param(name).size if node.has_param(name) else 0

    def take(self) -> Optional[Any]:
        # thinc has no public way to have no gradient again.
        gradient = self.node._params._grads.pop((self.node.id, self.name), None)
        return None if gradient is None else gradient.ravel()

    def add(self, values: Any) -> None:
        parameter: Any = self.node.get_param(self.name)
        self.node.inc_grad(self.name, values.reshape(parameter.shape).copy())


@contextmanager
def _one_of_several(parameters: Set[int], is_last: bool) -> Iterator[None]:
    """Have torch keep the graph for another backward pass.

    Layers call `torch.autograd.backward` themselves and take no options. Leaves that are no
    parameters are inputs of a torch layer after others: their gradient, which is passed on,
    would be that of all passes till now.
    """
    import torch

    original = torch.autograd.backward

    def backward(
        tensors: Any, grad_tensors: Any = None, retain_graph: Any = None, *args: Any, **options: Any
    ) -> None:
        for leaf in _leaves(tensors):
            if id(leaf) not in parameters:
                leaf.grad = None
        original(tensors, grad_tensors, retain_graph or not is_last, *args, **options)

    torch.autograd.backward = backward
    try:
        yield
    finally:
        torch.autograd.backward = original


def _leaves(tensors: Any) -> Iterator[Any]:
    """YIELDS (Tensor): The tensors at which a graph ends."""
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


def check_exact(models: Dict[str, Model]) -> None:
    """Refuse encoders whose gradients at the parameters would not be exact.

    models (Dict[str, Model]): By the name of the component.
    RAISES (ValueError): If one computes in mixed precision, or is no thinc or torch model.
    """
    for name, model in models.items():
        for shim in (shim for node in model.walk() for shim in node.shims):
            if getattr(shim, "_mixed_precision", False):
                raise ValueError(
                    f'gradients = "parameters" takes one backward pass a task, and with '
                    f"mixed_precision = true in [components.{name}.model] each of them would "
                    "rescale the gradients of the others. Set mixed_precision = false, or "
                    'gradients = "representation"; precision = "bf16" of '
                    "spacy_mtl.TransformerModel.v1 goes with both."
                )
            if shim._model is not None and not hasattr(shim._model, "named_parameters"):
                raise ValueError(
                    f'gradients = "parameters" knows layers of thinc and torch, but the model '
                    f"of the component '{name}' has a {type(shim).__name__}. Set "
                    'gradients = "representation".'
                )

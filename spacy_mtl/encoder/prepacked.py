"""Networks with linear layers by oneDNN, for prediction on a CPU.

Their weights are copies in the layout and type that oneDNN prefers, and GELU is part of the
product before it.
"""

import logging
from typing import Any, Dict, Optional
from weakref import WeakSet

import torch
from torch import Tensor, nn
from transformers.activations import GELUActivation

from ..compat.onednn import linear, prepack
from ..compat.torch import parts_of
from .copies import copy_of, twin_of
from .fast_linear import is_fast

#: How different the output may be, relative to its largest value.
_TOLERANCES = {torch.float32: 1e-4, torch.bfloat16: 5e-2}

_logger = logging.getLogger("spacy")
#: Networks that can't use prepacked weights. Remembered although the weights change.
_REFUSED: "WeakSet[Any]" = WeakSet()


def prepacked(network: Any, dtype: Any) -> Optional[Any]:
    """Get a copy of a network with prepacked weight matrices.

    network (PreTrainedModel): An encoder in evaluation mode, on a CPU. The copy shares everything
        else with it.
    dtype (torch.dtype): The type of the matrix products: float32 or bfloat16.
    RETURNS (Optional[Module]): The copy, which follows the weights. None if oneDNN isn't faster
        here, or if the copy doesn't give the same output, both of which is logged; also while the
        network has forward hooks.
    """
    return copy_of(network, f"prepacked {dtype}", lambda own: _try_out(own, dtype))


def _try_out(network: Any, dtype: Any) -> Optional[Any]:
    parts = parts_of(network)
    # Hooks want to be called. And a copy with a hook that refers to the network keeps it alive.
    if parts.hooks or network in _REFUSED or not any(map(_is_linear, parts.modules)):
        return None
    if not is_fast(dtype):
        return None
    with torch.no_grad(), torch.autocast("cpu", dtype, enabled=dtype == torch.bfloat16):
        try:
            ids = torch.arange(network.config.vocab_size)[None, -16:]
            twin = _copy(network, dtype)
            _fuse(twin, ids)
            expected = network(ids).last_hidden_state.float()
            error = (twin(ids).last_hidden_state.float() - expected).abs().max()
            if error <= _TOLERANCES[dtype] * expected.abs().max():
                return twin
            reason = f"its output differs by {float(error):.1e}"
        # Any error means that it can't.
        except Exception as err:
            reason = f"{type(err).__name__}: {err}"
    _REFUSED.add(network)
    _logger.info(
        "The encoder (%s) can't use prepacked weights, so it runs by torch's default: %s",
        type(network).__name__,
        reason,
    )
    return None


def _is_linear(module: Any) -> bool:
    # A subclass may compute something else.
    return type(module) is nn.Linear and module.weight.dtype == torch.float32


def _copy(network: Any, dtype: Any) -> Any:
    twin = twin_of(network, *network.buffers(), network.config)
    for parent in list(twin.modules()):
        for name, module in list(parent.named_children()):
            if _is_linear(module):
                setattr(parent, name, PrepackedLinear(module, dtype))
    return twin


class PrepackedLinear(nn.Module):
    """A linear layer that can only predict."""

    def __init__(self, layer: nn.Linear, dtype: Any) -> None:
        """Pack the weights of a layer.

        layer (nn.Linear): The layer.
        dtype (torch.dtype): The type to compute in.
        """
        super().__init__()
        # Some networks look at the type of the next layer's weights.
        self.weight, self.bias = layer.weight, layer.bias
        self.dtype = dtype
        self.packed = prepack(layer.weight.to(dtype))
        self.shift = None if layer.bias is None else layer.bias.detach().to(dtype)
        self.has_gelu = False

    def forward(self, X: Tensor) -> Tensor:
        """RETURNS (Tensor): The output, of its own type. Shape: (..., n_outputs)."""
        rows = X.reshape(-1, X.shape[-1]).to(self.dtype)
        found: Tensor = linear(rows, self.packed, self.shift, gelu=self.has_gelu)
        return found.view(*X.shape[:-1], len(self.weight))


def _fuse(twin: Any, ids: Tensor) -> None:
    """Let layers that are followed by GELU apply it themselves.

    What else uses their output would get a wrong one: comparing the output shows that.
    """
    by_output: Dict[int, PrepackedLinear] = {}
    outputs = []
    fused: Dict[Any, Optional[PrepackedLinear]] = {}

    def note_output(module: Any, inputs: Any, output: Tensor) -> None:
        # Keep it, so that no other tensor gets the same number.
        outputs.append(output)
        by_output[id(output)] = module

    def note_input(module: Any, inputs: Any) -> None:
        # A module that is used twice must follow such a layer each time.
        fused[module] = by_output.get(id(inputs[0])) if module not in fused else None

    hooks = []
    for module in twin.modules():
        if isinstance(module, PrepackedLinear):
            hooks.append(module.register_forward_hook(note_output))
        elif _is_gelu(module):
            hooks.append(module.register_forward_pre_hook(note_input))
    twin(ids)
    for hook in hooks:
        hook.remove()
    for parent in list(twin.modules()):
        for name, module in list(parent.named_children()):
            layer = fused.get(module)
            if layer is not None:
                layer.has_gelu = True
                setattr(parent, name, nn.Identity())


def _is_gelu(module: Any) -> bool:
    if type(module) is nn.GELU:
        return bool(module.approximate == "none")
    return type(module) is GELUActivation and module.act is nn.functional.gelu

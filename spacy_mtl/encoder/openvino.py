"""Networks that predict by OpenVINO, on a CPU.

All uses of OpenVINO are here. It is an extra, and imported when it is first needed: its import
and the conversion of a network take seconds.
"""

import logging
import os
import threading
import warnings
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Dict, Iterator, List, Optional
from weakref import WeakSet

import numpy
import torch
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutput

from ..compat.openvino import import_openvino
from .copies import copy_of, twin_of
from .mode import evaluate
from .quantized_linear import QuantizedLinear

#: How different the output may be from PyTorch's in float32, relative to its largest value.
_TOLERANCES = {"f32": 1e-3, "bf16": 0.1}
#: How many threads of Python can predict at the same time, if there are as many processors.
_N_STREAMS = 4
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class NotConvertibleError(Exception):
    """OpenVINO can't compute this network, or not with the same results."""


def is_installed() -> bool:
    """RETURNS (bool): Whether OpenVINO is there."""
    return find_spec("openvino") is not None


#: Networks in use; those that a forked process inherited, without their threads.
_NETWORKS: "WeakSet[OpenVINONetwork]" = WeakSet()
_INHERITED: List[Any] = []


def _keep_inherited() -> None:
    """Never delete inherited networks: that would wait for their threads forever."""
    _INHERITED.extend((network, network.own.__dict__) for network in _NETWORKS)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep_inherited)


class OpenVINONetwork:
    """A network compiled by OpenVINO. It can be called like the encoder, from any thread."""

    def __init__(self, compiled: Any) -> None:
        """Create the network.

        compiled (openvino.CompiledModel): The network.
        """
        self.compiled = compiled
        # One request shared by several threads mixes up their results.
        self.own = threading.local()
        _NETWORKS.add(self)

    def __call__(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Optional[Tensor] = None
    ) -> BaseModelOutput:
        """Run the network.

        input_ids (Tensor): Wordpieces. Shape of all tensors: (n_rows, length).
        attention_mask (Tensor): 1.0 for wordpieces, 0.0 for padding.
        token_type_ids (Optional[Tensor]): Segments, if it was converted with them.
        RETURNS (BaseModelOutput): The last hidden states. The next call in the same thread
            overwrites them. Shape: (n_rows, length, width).
        """
        if "request" not in self.own.__dict__:
            self.own.request = self.compiled.create_infer_request()
        given = [x.numpy() for x in (input_ids, attention_mask, token_type_ids) if x is not None]
        found = self.own.request.infer(given, share_inputs=True, share_outputs=True)
        hidden: Any = torch.from_numpy(found[0])
        return BaseModelOutput(last_hidden_state=hidden)


def openvino_network(network: Any, precision: str, has_types: bool) -> OpenVINONetwork:
    """Get a network's copy for OpenVINO, made once for its present weights.

    network (PreTrainedModel): The encoder.
    precision (str): "f32" or "bf16".
    has_types (bool): Whether it gets segments.
    RETURNS (OpenVINONetwork): The copy.
    RAISES (NotConvertibleError): If it can't be converted, or gives other results.
    """

    def convert(network: Any) -> Any:
        return _convert(network, has_types)

    def compile(network: Any) -> OpenVINONetwork:
        evaluate(network)
        with _explained():
            model = copy_of(network, f"openvino model, {has_types}", convert)
            compiled = _compile(model, precision)
            _compare(compiled, network, precision, has_types)
        return compiled

    # The threads of a compiled model don't survive a fork.
    kind = f"openvino, {has_types}, {precision}, {os.getpid()}, {torch.get_num_threads()}"
    found: OpenVINONetwork = copy_of(network, kind, compile)
    return found


@contextmanager
def _explained() -> Iterator[None]:
    """Turn any error of OpenVINO into one that says that it can't compute a network."""
    try:
        yield
    except NotConvertibleError:
        raise
    except Exception as err:
        raise NotConvertibleError(f"{type(err).__name__}: {str(err)[:300]}") from err


class _LastHiddenState(torch.nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, *given: Tensor) -> Tensor:
        found: Tensor = self.network(**dict(zip(_INPUTS, given))).last_hidden_state
        return found


def _convert(network: Any, has_types: bool) -> Any:
    """RETURNS (openvino.Model): The network, for any number of rows of any length."""
    # The conversion patches modules, while other threads may predict with them. The weights
    # are shared.
    twin = twin_of(network)
    example = tuple(_inputs(network, [5, 3], has_types).values())
    openvino = import_openvino()
    with _silence(), torch.no_grad(), torch.autocast("cpu", enabled=False):
        return openvino.convert_model(_LastHiddenState(twin).eval(), example_input=example)


def _compile(model: Any, precision: str) -> OpenVINONetwork:
    n_threads = torch.get_num_threads()
    n_streams = max(1, min(_N_STREAMS, (os.cpu_count() or 1) // n_threads))
    settings = {
        # The default is bfloat16 where the processor has it.
        "INFERENCE_PRECISION_HINT": precision,
        "NUM_STREAMS": n_streams,
        "INFERENCE_NUM_THREADS": n_streams * n_threads,
        # Several processes would share the first processors.
        "ENABLE_CPU_PINNING": False,
    }
    return OpenVINONetwork(import_openvino().compile_model(model, "CPU", settings))


def _compare(found: OpenVINONetwork, network: Any, precision: str, has_types: bool) -> None:
    """RAISES (NotConvertibleError): If the outputs differ from PyTorch's."""
    # Other shapes than in the conversion, and no longer than any window.
    for lengths in ([4], [8, 2, 6]):
        given = _inputs(network, lengths, has_types)
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            expected = network(**given).last_hidden_state.float()
        hidden: Any = found(**given).last_hidden_state
        if hidden.shape != expected.shape:
            raise NotConvertibleError(
                f"its output has the shape {tuple(hidden.shape)} instead of {tuple(expected.shape)}"
            )
        is_piece = given["attention_mask"] > 0
        error = (hidden - expected)[is_piece].abs().max() / expected[is_piece].abs().max()
        if not error <= _tolerance(network, precision):
            raise NotConvertibleError(f"its output differs by {float(error):.1e}")


def _tolerance(network: Any, precision: str) -> float:
    # A tiny difference may change what a number in int8 is rounded to.
    is_int8 = any(isinstance(module, QuantizedLinear) for module in network.modules())
    return _TOLERANCES["bf16" if is_int8 else precision]


def _inputs(network: Any, lengths: List[int], has_types: bool) -> Dict[str, Tensor]:
    """RETURNS (Dict[str, Tensor]): Padded rows of the given lengths."""
    padding = network.config.pad_token_id
    known = [i for i in range(min(10, network.config.vocab_size)) if i != padding]
    ids = numpy.resize(known, (len(lengths), max(lengths)))
    mask = numpy.arange(max(lengths)) < numpy.asarray(lengths)[:, None]
    found = {
        "input_ids": torch.from_numpy(numpy.where(mask, ids, padding or 0)),
        "attention_mask": torch.from_numpy(mask.astype("float32")),
    }
    if has_types:
        found["token_type_ids"] = torch.zeros_like(found["input_ids"])
    return found


@contextmanager
def _silence() -> Iterator[None]:
    """Hide what the conversion says about code that depends on values."""
    root, transformers = logging.getLogger(), logging.getLogger("transformers")
    levels = root.level, transformers.level
    filters, handlers = list(root.filters), list(root.handlers)
    transformers.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        # A conversion that fails leaves the root logger as it set it: errors only.
        root.filters, root.handlers = filters, handlers
        for logger, level in zip((root, transformers), levels):
            logger.setLevel(level)

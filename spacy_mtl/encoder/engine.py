"""The engine that computes an encoder's predictions: PyTorch or OpenVINO."""

import logging
import math
from functools import partial
from time import perf_counter
from typing import Any, Callable, Dict, Optional, Set, Tuple
from weakref import WeakKeyDictionary, WeakSet

from ..locks import ForkSafeLock
from ..registry import block_of
from .copies import copy_of
from .int8 import Ranges, quantized
from .openvino import NotConvertibleError, OpenVINONetwork, is_installed, openvino_network
from .precision import uses_bfloat16

ENGINES = ("torch", "openvino", "auto")
#: How many wordpieces PyTorch reads before a conversion: about ten seconds of one processor, while
#: the conversion takes one to three.
PATIENCE = 100_000
#: How long the engines compete.
_SECONDS = 0.3

_logger = logging.getLogger("spacy")
_CHOOSING = ForkSafeLock()
#: Whether OpenVINO computes a network: by the engine asked for, the precision, and the use of
#: segments. Remembered although the weights change.
_CHOICES: "WeakKeyDictionary[Any, Dict[Tuple[str, str, bool], bool]]" = WeakKeyDictionary()
_TRAINED: "WeakSet[Any]" = WeakSet()
#: What users of a network were told: why OpenVINO can't give what they ask for.
_TOLD: "WeakKeyDictionary[Any, Set[str]]" = WeakKeyDictionary()


def check_engine(engine: str, architecture: str) -> None:
    """Reject an engine that is unknown or missing.

    engine (str): The value in the config.
    architecture (str): The architecture that has it, for the error.
    RAISES (ValueError): If it isn't one of `ENGINES`, or not installed.
    """
    if engine not in ENGINES:
        raise ValueError(
            f"'engine' of a {architecture} is {engine!r}, but it must be \"torch\" (PyTorch), "
            '"openvino" (OpenVINO for predictions on a CPU) or "auto" (the faster one). Fix it in '
            f"{block_of(architecture)}."
        )
    if engine == "openvino" and not is_installed():
        raise ValueError(
            f"'engine' of a {architecture} is \"openvino\", but OpenVINO isn't installed. Install "
            'it: pip install \'spacy-mtl[openvino]\'. Or set engine = "torch" or "auto" in '
            f"{block_of(architecture)}, which needs no new training: the weights are the same."
        )


def find_engine(
    network: Any,
    engine: str,
    precision: str,
    is_train: bool,
    *,
    n_pieces: int,
    has_types: bool,
    read_some: Callable[[Optional[OpenVINONetwork]], int],
    ranges: Optional[Ranges] = None,
) -> Optional[OpenVINONetwork]:
    """Find out what computes an encoder's output.

    network (PreTrainedModel): The encoder.
    engine (str): One of `ENGINES`. "auto" stays with PyTorch for the first 100,000 wordpieces,
        and so does a network that was trained in this process: an evaluation would convert it
        each time.
    precision (str): One of `PRECISIONS`. Predictions in "int8" without ranges are PyTorch's, which
        is logged once.
    is_train (bool): Whether to train, which only PyTorch does.
    n_pieces (int): How many wordpieces it will read.
    has_types (bool): Whether it gets segments.
    read_some (Callable[[Optional[OpenVINONetwork]], int]): Reads some wordpieces by OpenVINO or,
        without its network, by PyTorch, and returns their number.
    ranges (Optional[Mapping[str, LinearRange]]): What to compute in int8: see `quantized`.
    RETURNS (Optional[OpenVINONetwork]): The network to call. None for PyTorch's.
    RAISES (ValueError): If the encoder is on a GPU, but engine = "openvino".
    """
    if engine == "torch":
        return None
    if precision == "int8" and ranges is None:
        _tell(network, engine, "for int8 it needs ranges, which `spacy mtl quantize` finds")
        return None
    device = next(network.parameters()).device
    if device.type != "cpu":
        if engine == "auto":
            return None
        raise ValueError(
            f'The encoder is on {device}, but engine = "openvino" is for CPUs. Set it to "torch" '
            "or \"auto\" in the block with the encoder's 'name', or use the CPU."
        )
    if is_train:
        _TRAINED.add(network)
    if is_train or not n_pieces or not _is_worth_it(network, engine, n_pieces):
        return None
    if precision == "int8":
        # The other layers are in bfloat16 if the processor has it natively.
        network, precision = quantized(network, ranges), "auto"
    return _choose(network, engine, precision, has_types, read_some)


def int8_by_openvino(network: Any, ranges: Ranges, has_types: bool) -> OpenVINONetwork:
    """Get what computes an encoder in int8: see `find_engine`.

    network (PreTrainedModel): The encoder.
    ranges (Mapping[str, LinearRange]): What to compute in int8: see `quantized`.
    has_types (bool): Whether it gets segments.
    RETURNS (OpenVINONetwork): The network to call.
    RAISES (NotConvertibleError): If OpenVINO can't compute it.
    """
    twin = quantized(network, ranges)
    return openvino_network(twin, _element_type(twin, "auto"), has_types)


def gives_more(network: Any, engine: str) -> bool:
    """Check whether an encoder's users want more than its last hidden states. Logged once.

    network (PreTrainedModel): The encoder.
    engine (str): One of `ENGINES`.
    RETURNS (bool): Whether only PyTorch can compute what its config asks for.
    """
    settings = ("output_hidden_states", "output_attentions")
    found = [name for name in settings if getattr(network.config, name, False)]
    if found:
        _tell(network, engine, f"it gives no {' and '.join(found)}")
    return bool(found)


def _is_worth_it(network: Any, engine: str, n_pieces: int) -> bool:
    if engine == "auto" and not is_installed():
        return False
    # Forgotten when the weights change.
    read = copy_of(network, "wordpieces read", lambda network: {"n": 0})
    read["n"] += n_pieces
    return (engine == "openvino" and network not in _TRAINED) or read["n"] > PATIENCE


def _choose(
    network: Any,
    engine: str,
    precision: str,
    has_types: bool,
    read_some: Callable[[Optional[OpenVINONetwork]], int],
) -> Optional[OpenVINONetwork]:
    element_type = _element_type(network, precision)
    key = engine, element_type, has_types
    with _CHOOSING:
        chosen = _CHOICES.setdefault(network, {})
        if not chosen.get(key, True):
            return None
        try:
            twin = openvino_network(network, element_type, has_types)
        except NotConvertibleError as err:
            chosen[key] = False
            _log_torch(network, engine, f"it can't: {err}")
            return None
        if engine == "auto" and key not in chosen:
            gain = _gain(partial(read_some, None), partial(read_some, twin))
            chosen[key] = gain > 1
            faster = "OpenVINO" if chosen[key] else "PyTorch"
            _logger.info("%s computes the encoder: OpenVINO is %.2f times as fast", faster, gain)
        return twin if chosen.setdefault(key, True) else None


def _element_type(network: Any, precision: str) -> str:
    return "bf16" if uses_bfloat16(precision, next(network.parameters()).device) else "f32"


def _tell(network: Any, engine: str, reason: str) -> None:
    told = _TOLD.setdefault(network, set())
    if reason not in told:
        told.add(reason)
        _log_torch(network, engine, reason)


def _log_torch(network: Any, engine: str, reason: str) -> None:
    _logger.log(
        logging.INFO if engine == "auto" else logging.WARNING,
        "PyTorch, not OpenVINO, computes the encoder (%s): %s",
        type(network).__name__,
        reason,
    )


def _gain(by_torch: Callable[[], int], by_openvino: Callable[[], int]) -> float:
    """RETURNS (float): How many times as fast OpenVINO is, per wordpiece."""
    best = [math.inf, math.inf]
    started = perf_counter()
    n_runs = 0
    # The first runs are slower.
    while n_runs < 2 or perf_counter() - started < _SECONDS:
        for i, run in enumerate((by_torch, by_openvino)):
            before = perf_counter()
            n_pieces = run()
            best[i] = min(best[i], (perf_counter() - before) / n_pieces)
        n_runs += 1
    return best[0] / best[1]

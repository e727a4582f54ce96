"""All engines, and which of them can be measured here."""

import argparse
from typing import Any, Dict, List

from ...timing import Contestant
from ..bare import Encode, bare_batches, load_network
from . import onnx_runtime, openvino, pytorch
from .engine import Engine

BOTH = ("cpu", "cuda")
#: The first is what all others are compared to.
EAGER = "bare PyTorch"
ENGINES = (
    Engine(EAGER, pytorch.eager, devices=BOTH),
    Engine(f"{EAGER}, tf32", pytorch.eager_tf32, "tf32", devices=("cuda",)),
    Engine(f"{EAGER}, bf16", pytorch.eager_bf16, "bf16", devices=BOTH),
    Engine(f"{EAGER} with oneDNN", pytorch.onednn),
    Engine(f"{EAGER} with oneDNN, bf16", pytorch.onednn_bf16, "bf16"),
    Engine("bare torch.compile", pytorch.compiled, devices=BOTH, option="compile"),
    Engine("bare ONNX Runtime", onnx_runtime.float32, packages=onnx_runtime.PACKAGES),
    Engine("bare OpenVINO", openvino.float32, packages=openvino.PACKAGES),
    Engine("bare OpenVINO, bf16", openvino.bf16, "bf16", openvino.PACKAGES),
    Engine(
        "bare OpenVINO in streams",
        openvino.float32_streams,
        packages=openvino.PACKAGES,
        least_threads=2,
    ),
    Engine(
        "bare OpenVINO in streams, bf16",
        openvino.bf16_streams,
        "bf16",
        openvino.PACKAGES,
        least_threads=2,
    ),
    Engine("bare ONNX Runtime, int8", onnx_runtime.int8, "int8", onnx_runtime.PACKAGES),
)


def chosen(args: argparse.Namespace) -> List[Engine]:
    """RETURNS (List[Engine]): The engines that the options ask for and this device allows."""
    return [engine for engine in ENGINES if _is_chosen(engine, args)]


def make_engines(args: argparse.Namespace, texts: List[str]) -> Dict[str, Contestant]:
    """Make the contestants with the bare encoder, and say which engines are missing.

    args (argparse.Namespace): The options of the command line.
    texts (List[str]): What to encode.
    RETURNS (Dict[str, Callable[[], None]]): The contestants by name.
    """
    network = load_network(args.encoder)
    batches = bare_batches(args.encoder, texts, args.budget)
    made: Dict[str, Encode] = {}
    for engine in chosen(args):
        if engine.missing:
            print(f"Left out: {engine.name}. Not installed: {', '.join(engine.missing)}")
            continue
        encode = engine.make(network, batches, args.threads)
        if encode is None:
            print(f"Left out: {engine.name}. It is not faster here")
        else:
            made[engine.name] = encode
    _report_differences(made)
    return dict(made)


def _report_differences(made: Dict[str, Encode]) -> None:
    vectors = {name: _to_numpy(run()) for name, run in made.items()}
    for name, found in vectors.items():
        if found is not None and name != EAGER:
            print(f"{name}: vectors differ from {EAGER}'s by at most", end=" ")
            print(f"{abs(found - vectors[EAGER]).max():.1e}")


def _to_numpy(found: Any) -> Any:
    import torch

    return None if found is None else torch.as_tensor(found).float().cpu().numpy()


def _is_chosen(engine: Engine, args: argparse.Namespace) -> bool:
    options = [engine.option] if engine.option else []
    options += [engine.precision] if engine.precision in ("bf16", "int8") else []
    is_possible = ("cuda" if args.gpu else "cpu") in engine.devices
    return (
        is_possible
        and args.threads >= engine.least_threads
        and all(getattr(args, option) for option in options)
    )

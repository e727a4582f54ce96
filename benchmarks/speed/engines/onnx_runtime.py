"""The encoder by ONNX Runtime."""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, List

from ..bare import Batch, Encode

PACKAGES = ("onnxruntime", "onnx")


def float32(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs the encoder in float32."""
    with TemporaryDirectory() as folder:
        return _contestant(_export(network, Path(folder)), batches, threads)


def int8(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs it in int8: weights as they are, inputs as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with TemporaryDirectory() as folder:
        rough = Path(folder) / "int8.onnx"
        quantize_dynamic(_export(network, Path(folder)), rough, weight_type=QuantType.QInt8)
        return _contestant(rough, batches, threads)


def _export(network: Any, folder: Path) -> Path:
    import torch

    from .traceable import INPUTS, Traceable, example

    path = folder / "encoder.onnx"
    sizes = {0: "texts", 1: "pieces"}
    with warnings.catch_warnings():
        # The exporter that replaces this one makes a graph that is slower here, by a fifth.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Traceable(network),
            tuple(example().values()),
            str(path),
            input_names=list(INPUTS),
            output_names=["hidden"],
            dynamic_axes={name: sizes for name in (*INPUTS, "hidden")},
            dynamo=False,
        )
    return path


def _contestant(path: Path, batches: List[Batch], threads: int) -> Encode:
    from onnxruntime import InferenceSession, SessionOptions

    from .traceable import INPUTS

    options = SessionOptions()
    options.intra_op_num_threads = threads
    session = InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    inputs = [{name: batch[name].numpy() for name in INPUTS} for batch in batches]

    def run() -> Any:
        for each in inputs:
            found = session.run(None, each)
        return found[0]

    return run

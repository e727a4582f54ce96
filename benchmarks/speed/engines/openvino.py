"""The encoder by OpenVINO."""

from typing import Any, Dict, List

from ..bare import Batch, Encode

PACKAGES = ("openvino",)


def float32(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs the encoder in float32, one batch after the other."""
    return _one_by_one(_compile(network, "f32", threads, 1), batches)


def bf16(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs the encoder in bfloat16, one batch after the other."""
    return _one_by_one(_compile(network, "bf16", threads, 1), batches)


def float32_streams(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs the encoder in float32, a batch on each thread."""
    return _at_once(_compile(network, "f32", threads, threads), batches, threads)


def bf16_streams(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs the encoder in bfloat16, a batch on each thread."""
    return _at_once(_compile(network, "bf16", threads, threads), batches, threads)


def _compile(network: Any, precision: str, threads: int, streams: int) -> Any:
    import openvino

    from .traceable import Traceable, example

    model = openvino.convert_model(Traceable(network), example_input=example())
    # Without a hint, it takes bfloat16 where the processor has it.
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
    return openvino.Core().compile_model(model, "CPU", {**settings, "NUM_STREAMS": streams})


def _one_by_one(compiled: Any, batches: List[Batch]) -> Encode:
    request = compiled.create_infer_request()
    inputs = _inputs(batches)

    def run() -> Any:
        for each in inputs:
            found = request.infer(each, share_inputs=True, share_outputs=True)
        return found[0]

    return run


def _at_once(compiled: Any, batches: List[Batch], threads: int) -> Encode:
    import openvino

    queue = openvino.AsyncInferQueue(compiled, threads)
    inputs = _inputs(batches)

    def run() -> None:
        for each in inputs:
            queue.start_async(each, share_inputs=True)
        queue.wait_all()

    return run


def _inputs(batches: List[Batch]) -> List[Dict[int, Any]]:
    from .traceable import INPUTS

    # By position: a converted module may give its inputs several names.
    return [{i: batch[name].numpy() for i, name in enumerate(INPUTS)} for batch in batches]

"""Measure how well the encoder uses the machine, and its share of the time."""

import time
from typing import Any, Callable, Dict, List

from ..timing import Contestant, keep, wait_for_gpu
from .bare import device, with_tf32


def report_encoder(
    title: str,
    bare: Contestant,
    seconds: Dict[str, float],
    nlp: Any,
    run: Contestant,
    clock: Callable[[], float] = time.perf_counter,
) -> None:
    """Print the bare encoder's arithmetic rate, and its share of a pipeline's time.

    torch does not count all kernels: on a CPU, attention is left out.

    title (str): The title of the measurement.
    bare (Callable[[], None]): Runs the bare encoder on all texts.
    seconds (Dict[str, float]): The time that takes, by precision.
    nlp (Language): A pipeline of this package.
    run (Callable[[], None]): Runs the pipeline on all texts.
    clock (Callable[[], float]): The clock that measured the time.
    """
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        bare()
    for precision, duration in seconds.items():
        rate = counter.get_total_flops() / duration / 1e9
        peak = measure_peak(precision, clock)
        print(f"Bare encoder, {precision}: {rate:,.0f} GFLOP/s", end="")
        print(f", {100 * rate / peak:.0f} % of a matrix product's")
        keep({"title": f"{title}, encoder, {precision}", "gflops": rate, "peak": peak})
    share = measure_share(nlp, run)
    print(f"Encoder's share of the time of ours: {100 * share:.0f} %")
    keep({"title": f"{title}, encoder", "share": share})


def measure_peak(precision: str, clock: Callable[[], float], turns: int = 10) -> float:
    """RETURNS (float): The rate of a product of square matrices, in GFLOP/s.

    precision (str): "fp32", "tf32" or "bf16".
    clock (Callable[[], float]): Returns the time in seconds.
    turns (int): The number of products, of which the fastest counts.
    """
    import torch

    # Large enough to keep a GPU busy.
    size = 8192 if device().type == "cuda" else 2048
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = torch.randn(2, size, size, device=device(), dtype=dtype)

    def multiply() -> None:
        torch.mm(a, b)
        wait_for_gpu()

    run = with_tf32(multiply) if precision == "tf32" else multiply
    durations: List[float] = []
    for _ in range(turns):
        started = clock()
        run()
        durations.append(clock() - started)
    return 2 * size**3 / min(durations) / 1e9


def measure_share(nlp: Any, run: Contestant) -> float:
    """RETURNS (float): The share of the time spent in the encoder by PyTorch, in [0, 1]."""
    from torch.nn.modules.module import (
        register_module_forward_hook,
        register_module_forward_pre_hook,
    )

    nodes = nlp.get_pipe("mtl").model.walk()
    (network,) = [shim._model for node in nodes for shim in node.shims]
    starts: List[float] = []
    spent: List[float] = []

    def before(module: Any, inputs: Any) -> None:
        # For prediction, a copy of the network may be called.
        if type(module) is type(network):
            wait_for_gpu()
            starts.append(time.perf_counter())

    def after(module: Any, inputs: Any, output: Any) -> None:
        if type(module) is type(network):
            wait_for_gpu()
            spent.append(time.perf_counter() - starts[-1])

    hooks = [register_module_forward_pre_hook(before), register_module_forward_hook(after)]
    started = time.perf_counter()
    run()
    wait_for_gpu()
    total = time.perf_counter() - started
    for hook in hooks:
        hook.remove()
    return sum(spent) / total

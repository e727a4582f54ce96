"""Measure how well the encoder uses the machine, and its share of the time."""

import time
from typing import Any, List

from ..timing import Contestant, keep, wait_for_gpu
from .bare import device


def report_encoder(title: str, bare: Contestant, seconds: float, nlp: Any, run: Contestant) -> None:
    """Print the bare encoder's arithmetic rate, and its share of a pipeline's time.

    torch does not count all kernels: on a CPU, attention is left out.

    title (str): The title of the measurement.
    bare (Callable[[], None]): Runs the bare encoder on all texts.
    seconds (float): The time that takes.
    nlp (Language): A pipeline of this package.
    run (Callable[[], None]): Runs the pipeline on all texts.
    """
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        bare()
    rate = counter.get_total_flops() / seconds / 1e9
    peak = measure_peak()
    share = measure_share(nlp, run)
    print(f"Bare encoder: {rate:,.0f} GFLOP/s, {100 * rate / peak:.0f} % of a matrix product's")
    print(f"Encoder's share of the time of ours: {100 * share:.0f} %")
    keep({"title": f"{title}, encoder", "gflops": rate, "peak": peak, "share": share})


def measure_peak(size: int = 2048, turns: int = 10) -> float:
    """RETURNS (float): The rate of a float32 product of square matrices, in GFLOP/s."""
    import torch

    a, b = torch.randn(2, size, size, device=device())
    durations: List[float] = []
    for _ in range(turns):
        started = time.perf_counter()
        torch.mm(a, b)
        wait_for_gpu()
        durations.append(time.perf_counter() - started)
    return 2 * size**3 / min(durations) / 1e9


def measure_share(nlp: Any, run: Contestant) -> float:
    """RETURNS (float): The share of the time spent in the encoder, in [0, 1]."""
    starts: List[float] = []
    spent: List[float] = []

    def before(*args: Any) -> None:
        wait_for_gpu()
        starts.append(time.perf_counter())

    def after(*args: Any) -> None:
        wait_for_gpu()
        spent.append(time.perf_counter() - starts[-1])

    nodes = nlp.get_pipe("mtl").model.walk()
    (network,) = [shim._model for node in nodes for shim in node.shims]
    hooks = [network.register_forward_pre_hook(before), network.register_forward_hook(after)]
    started = time.perf_counter()
    run()
    wait_for_gpu()
    total = time.perf_counter() - started
    for hook in hooks:
        hook.remove()
    return sum(spent) / total

"""The encoder by PyTorch: as it is, or compiled."""

from typing import Any, List

from ..bare import Batch, Encode, bare_inference, with_tf32


def eager(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs the encoder in float32."""
    return bare_inference(network, batches, "fp32")


def eager_bf16(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs the encoder in bfloat16, by autocast."""
    return bare_inference(network, batches, "bf16")


def eager_tf32(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs the encoder in float32, with a GPU's faster products."""
    return with_tf32(bare_inference(network, batches, "fp32"))


def onednn(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs the encoder in float32, linear layers by oneDNN.

    These are this package's, with the padded batches of the other engines.
    """
    from spacy_mtl.encoder.fast_linear import FastLinear

    plain = bare_inference(network, batches, "fp32")

    def run() -> Any:
        with FastLinear():
            return plain()

    return run


def compiled(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs the encoder in float32, compiled with frozen weights."""
    import torch

    fast = torch.compile(network, dynamic=True, options={"freezing": True})
    return bare_inference(fast, batches, "fp32")

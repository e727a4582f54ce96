"""The encoder by PyTorch: as it is, or compiled."""

from typing import Any, List, Optional

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


def onednn(network: Any, batches: List[Batch], threads: int) -> Optional[Encode]:
    """RETURNS (Optional[Callable[[], Any]]): Runs it in float32, by oneDNN, as this package does.

    None if that is not faster here.
    """
    return _prepacked(network, batches, "fp32")


def onednn_bf16(network: Any, batches: List[Batch], threads: int) -> Optional[Encode]:
    """RETURNS (Optional[Callable[[], Any]]): The same in bfloat16."""
    return _prepacked(network, batches, "bf16")


def compiled(network: Any, batches: List[Batch], threads: int) -> Encode:
    """RETURNS (Callable[[], Any]): Runs the encoder in float32, compiled with frozen weights."""
    import torch

    fast = torch.compile(network, dynamic=True, options={"freezing": True})
    return bare_inference(fast, batches, "fp32")


def _prepacked(network: Any, batches: List[Batch], precision: str) -> Optional[Encode]:
    import torch

    from spacy_mtl.encoder.prepacked import prepacked

    fast = prepacked(network, torch.bfloat16 if precision == "bf16" else torch.float32)
    return None if fast is None else bare_inference(fast, batches, precision)

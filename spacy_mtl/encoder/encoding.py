"""The forward pass of `TransformerEncoder`, in micro-batches."""

from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Optional, Tuple

from spacy.tokens import Doc
from thinc.api import torch2xp, xp2torch

from ..arrays import cut
from ..types import Encoder, TokenVectors
from .batching import MicroBatch
from .engine import find_engine
from .int8 import Ranges
from .mode import training
from .openvino import OpenVINONetwork
from .packing import Packing
from .pooling import empty_vectors, mean_of_pieces
from .precision import computing
from .reading import Reading
from .running import (
    EncoderSettings,
    encode_each,
    micro_batches,
    or_padded,
    packing_of,
    read_docs,
    run_batch,
    to_torch,
)


def forward(
    model: Encoder, docs: List[Doc], is_train: bool, *, settings: EncoderSettings
) -> Tuple[TokenVectors, Callable[[TokenVectors], List[Doc]]]:
    """Run the encoder on documents.

    model (Model[List[Doc], List[Floats2d]]): A model from `TransformerEncoder`.
    docs (List[Doc]): The documents.
    is_train (bool): Whether to train.
    settings (EncoderSettings): How it reads and computes.
    RETURNS (Tuple[List[Floats2d], Callable]): One array per document, and the backward callback.
    RAISES (ValueError): If the encoder isn't initialized.
    """
    shim: Any = model.shims[0]
    network, reading, lengths = read_docs(model, docs, settings)
    shape = sum(lengths), model.get_dim("nO")
    given = network, reading, shape, is_train, settings, shim.ranges
    vectors, kept = or_padded(network, lambda: encode_all(*given))

    def backprop(d_outputs: TokenVectors) -> List[Doc]:
        d_vectors = xp2torch(model.ops.xp.concatenate(d_outputs), device=vectors.device)
        backprop_tokens(network, kept, d_vectors)
        return docs

    outputs: Any = torch2xp(vectors)
    return cut(outputs, lengths), backprop


def encode_all(
    network: Any,
    reading: Reading,
    shape: Tuple[int, int],
    is_train: bool,
    settings: EncoderSettings,
    ranges: Optional[Ranges],
) -> Tuple[Any, List[Tuple[Any, Any]]]:
    """Run the whole encoder on documents that were read.

    network (PreTrainedModel): The encoder.
    reading (Reading): The documents.
    shape (Tuple[int, int]): The number of tokens, and the width of their vectors.
    is_train (bool): Whether to train.
    settings (EncoderSettings): How the encoder reads and computes.
    ranges (Optional[Mapping[str, LinearRange]]): See `quantized`.
    RETURNS (Tuple[Tensor, List]): All vectors, and each batch's vectors with its tokens.
    """
    device = next(network.parameters()).device

    def read_some(twin: Optional[OpenVINONetwork]) -> int:
        with _computing(network, twin, reading, is_train, settings, ranges) as (running, packing):
            batch = next(micro_batches(reading, packing, device, is_train, settings))
            _encode(running, batch, packing, device)
        return len(batch.places)

    twin = find_engine(
        network,
        settings.engine,
        settings.precision,
        is_train,
        n_pieces=len(reading.pieces.ids),
        has_types=reading.special.types is not None,
        ranges=ranges,
        read_some=read_some,
    )
    with _computing(network, twin, reading, is_train, settings, ranges) as (running, packing):
        return encode_tokens(
            lambda batch: _encode(running, batch, packing, device),
            reading,
            packing,
            device,
            shape,
            is_train,
            settings,
        )


def encode_tokens(
    encode: Callable[[MicroBatch], Any],
    reading: Reading,
    packing: Optional[Packing],
    device: Any,
    shape: Tuple[int, int],
    is_train: bool,
    settings: EncoderSettings,
) -> Tuple[Any, List[Tuple[Any, Any]]]:
    """Compute the vectors of tokens, one micro-batch after the other.

    encode (Callable[[MicroBatch], Tensor]): Computes the vectors of a micro-batch's tokens.
    reading (Reading): The documents.
    packing (Optional[Packing]): How packed texts are read. None for padded ones.
    device (torch.device): The encoder's device.
    shape (Tuple[int, int]): The number of tokens, and the width of their vectors.
    is_train (bool): Whether to train.
    settings (EncoderSettings): How the encoder reads and computes.
    RETURNS (Tuple[Tensor, List[Tuple[Tensor, Tensor]]]): All vectors, zeros for tokens without
        wordpieces; in training also each batch's vectors, and the indices of its tokens.
    """
    import torch

    kept = []
    vectors = empty_vectors(shape, device)
    # Tokens without wordpieces.
    vectors[torch.from_numpy(reading.pieces.n_pieces == 0).to(device)] = 0
    batches = micro_batches(reading, packing, device, is_train, settings)
    for batch, pooled, _ in encode_each(encode, batches, is_train, settings.kept_pieces):
        tokens = torch.from_numpy(batch.tokens).to(device)
        vectors[tokens] = pooled.detach()
        if is_train:
            kept.append((pooled, tokens))
    return vectors, kept


def backprop_tokens(network: Any, kept: List[Tuple[Any, Any]], d_vectors: Any) -> None:
    """Run the backward pass of `encode_tokens`.

    network (Module): The network that it ran.
    kept (List[Tuple[Tensor, Tensor]]): What it returned.
    d_vectors (Tensor): The gradient of all vectors. Shape: (n_tokens, width).
    """
    import torch

    with training(network):
        for pooled, tokens in kept:
            torch.autograd.backward(pooled, d_vectors[tokens])


@contextmanager
def _computing(
    network: Any,
    twin: Optional[OpenVINONetwork],
    reading: Reading,
    is_train: bool,
    settings: EncoderSettings,
    ranges: Optional[Ranges],
) -> Iterator[Tuple[Any, Optional[Packing]]]:
    """YIELDS (Tuple[Any, Optional[Packing]]): What to call, and how it reads packed texts."""
    if twin is not None:
        # With a mask for packed texts, it takes longer than with padding.
        yield twin, None
        return
    with computing(network, settings.precision, is_train, ranges) as running:
        yield running, packing_of(network, reading, settings)


def _encode(network: Any, batch: MicroBatch, packing: Optional[Packing], device: Any) -> Any:
    """RETURNS (Tensor): The vectors of the batch's tokens. Shape: (n_tokens, width)."""
    return pool(run_batch(network, batch, packing, device).last_hidden_state, batch, device)


def pool(hidden: Any, batch: MicroBatch, device: Any) -> Any:
    """Compute the vectors of a micro-batch's tokens from those of its wordpieces.

    hidden (Tensor): Hidden states. Shape: (n_rows, length, width).
    batch (MicroBatch): The micro-batch.
    device (torch.device): The encoder's device.
    RETURNS (Tensor): Their means, in float32. Shape: (n_tokens, width).
    """
    import torch

    # Gradients are checked in float64.
    full = hidden if hidden.dtype == torch.float64 else hidden.float()
    places, offsets = to_torch(batch.places, device), to_torch(batch.offsets, device)
    return mean_of_pieces(full.flatten(0, 1), places, offsets)

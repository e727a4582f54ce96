"""The forward pass of `TransformerEncoder`, in micro-batches."""

import math
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Iterator, List, Optional, Tuple, cast

import numpy
from spacy.tokens import Doc
from spacy_transformers.data_classes import HFObjects
from thinc.api import torch2xp, xp2torch

from ..arrays import cut
from ..compat.spacy_transformers import objects_of
from ..compat.thinc import network_of
from ..types import Encoder, TokenVectors
from .attention import NotPackableError
from .batching import MicroBatch, make_batches, pieces_a_batch
from .engine import find_engine
from .fast_linear import fast_encoder
from .int8 import Ranges
from .layout import PaddedWindows
from .matching import warn_of_lost_words
from .mode import training
from .openvino import OpenVINONetwork
from .packing import Packing, find_packing, forget_packing, run_packed
from .pooling import empty_vectors, mean_of_pieces
from .precision import computing
from .reading import Reading, read


@dataclass(frozen=True)
class EncoderSettings:
    """How an encoder reads and computes: see `TransformerEncoder`."""

    window: Optional[int]
    context: int
    precision: str
    engine: str
    packing: bool
    batch_pieces: Optional[int]
    kept_pieces: Optional[int]


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
    import torch

    shim: Any = model.shims[0]
    network = network_of(shim)
    if network is None:
        raise ValueError(
            "The encoder has no weights yet: call nlp.initialize(), or load a trained pipeline."
        )
    tokenizer = cast(HFObjects, objects_of(shim)).tokenizer
    reading = read(docs, tokenizer, network, settings.window, settings.context)
    warn_of_lost_words(tokenizer, docs, reading.pieces.n_pieces)
    lengths: Any = numpy.asarray([len(doc) for doc in docs], dtype="int64")
    shape = int(lengths.sum()), model.get_dim("nO")
    given = network, reading, shape, is_train, settings, shim.ranges
    found = None
    try:
        found = _encode_all(*given)
    except NotPackableError:
        # The shorter trial run succeeded.
        forget_packing(network)
    vectors, kept = found or _encode_all(*given)

    def backprop(d_outputs: TokenVectors) -> List[Doc]:
        d_vectors = xp2torch(model.ops.xp.concatenate(d_outputs), device=vectors.device)
        with training(network):
            for pooled, tokens in kept:
                torch.autograd.backward(pooled, d_vectors[tokens])
        return docs

    outputs: Any = torch2xp(vectors)
    return cut(outputs, lengths), backprop


def _encode_all(
    network: Any,
    reading: Reading,
    shape: Tuple[int, int],
    is_train: bool,
    settings: EncoderSettings,
    ranges: Optional[Ranges],
) -> Tuple[Any, List[Tuple[Any, Any]]]:
    """RETURNS (Tuple[Tensor, List]): All vectors, and each batch's vectors with its tokens."""
    import torch
    from torch.utils.checkpoint import checkpoint

    kept = []
    device = next(network.parameters()).device
    vectors = empty_vectors(shape, device)
    # Tokens without wordpieces.
    vectors[torch.from_numpy(reading.pieces.n_pieces == 0).to(device)] = 0

    def batches(packing: Optional[Packing]) -> Iterator[MicroBatch]:
        packed = packing is not None
        budget = settings.batch_pieces or pieces_a_batch(device, packed=packed and not is_train)
        return make_batches(reading, budget, packed=packed)

    def read_some(twin: Optional[OpenVINONetwork]) -> int:
        with _computing(network, twin, reading, is_train, settings, ranges) as (running, packing):
            batch = next(batches(packing))
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
        n_pieces = 0
        kept_pieces = math.inf if settings.kept_pieces is None else settings.kept_pieces
        for batch in batches(packing):
            n_pieces += batch.windows.ids.size
            if is_train and n_pieces > kept_pieces:
                given = running, batch, packing, device
                pooled = checkpoint(_encode, *given, use_reentrant=False)
            else:
                pooled = _encode(running, batch, packing, device)
            tokens = torch.from_numpy(batch.tokens).to(device)
            vectors[tokens] = pooled.detach()
            if is_train:
                kept.append((pooled, tokens))
    return vectors, kept


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
        packs = settings.packing and next(network.parameters()).device.type == "cpu"
        yield running, find_packing(network, reading.longest) if packs else None


def _encode(network: Any, batch: MicroBatch, packing: Optional[Packing], device: Any) -> Any:
    """RETURNS (Tensor): The vectors of the batch's tokens. Shape: (n_tokens, width)."""
    import torch

    def to_torch(array: Any) -> Any:
        return None if array is None else torch.from_numpy(array).to(device)

    windows = batch.windows
    # Copies for prediction have layers of their own.
    linear = partial(fast_encoder, network) if torch.is_grad_enabled() else nullcontext
    ids, types = to_torch(windows.ids), to_torch(windows.types)
    with linear():
        if isinstance(windows, PaddedWindows):
            given = {"input_ids": ids, "attention_mask": to_torch(windows.mask)}
            given.update({} if types is None else {"token_type_ids": types})
            hidden = network(**given).last_hidden_state
        else:
            how = cast(Packing, packing)
            positions = to_torch(windows.positions)
            hidden = run_packed(network, how, ids, positions, types, windows.lengths)
    return mean_of_pieces(
        hidden.float().flatten(0, 1), to_torch(batch.places), to_torch(batch.offsets)
    )

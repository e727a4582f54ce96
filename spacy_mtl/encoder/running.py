"""Running an encoder on documents, in micro-batches: what all its forward passes share."""

import math
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Tuple, TypeVar, cast

from spacy.tokens import Doc
from spacy_transformers.data_classes import HFObjects

from ..compat.spacy_transformers import objects_of
from ..compat.thinc import network_of
from ..types import Encoder
from .attention import NotPackableError
from .batching import MicroBatch, make_batches, pieces_a_batch
from .fast_linear import fast_encoder
from .layout import PaddedWindows
from .matching import warn_of_lost_words
from .packing import Packing, find_packing, forget_packing, run_packed
from .reading import Reading, read

Found = TypeVar("Found")


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


class Encoded(NamedTuple):
    """What came out for one micro-batch.

    batch (MicroBatch): The micro-batch.
    output (Any): What the function returned for it.
    is_recomputed (bool): Whether its activations are recomputed in the backward pass.
    """

    batch: MicroBatch
    output: Any
    is_recomputed: bool


def read_docs(
    model: Encoder, docs: List[Doc], settings: EncoderSettings
) -> Tuple[Any, Reading, List[int]]:
    """Get an encoder's network, and documents as it reads them.

    model (Model[List[Doc], List[Floats2d]]): A model from `TransformerEncoder`.
    docs (List[Doc]): The documents.
    settings (EncoderSettings): How it reads and computes.
    RETURNS (Tuple[PreTrainedModel, Reading, List[int]]): Network, documents, and their numbers of
        tokens.
    RAISES (ValueError): If the encoder isn't initialized.
    """
    shim: Any = model.shims[0]
    network = network_of(shim)
    if network is None:
        raise ValueError(
            "The encoder has no weights yet: call nlp.initialize(), or load a trained pipeline."
        )
    tokenizer = cast(HFObjects, objects_of(shim)).tokenizer
    reading = read(docs, tokenizer, network, settings.window, settings.context)
    warn_of_lost_words(tokenizer, docs, reading.pieces.n_pieces)
    return network, reading, [len(doc) for doc in docs]


def packing_of(network: Any, reading: Reading, settings: EncoderSettings) -> Optional[Packing]:
    """RETURNS (Optional[Packing]): How a network reads packed texts. None if it shall not."""
    packs = settings.packing and next(network.parameters()).device.type == "cpu"
    return find_packing(network, reading.longest) if packs else None


def or_padded(network: Any, run: Callable[[], Found]) -> Found:
    """Run a forward pass, and once more with padded texts if the network can't read packed ones.

    network (PreTrainedModel): The network. The shorter trial run has succeeded.
    run (Callable): Runs it.
    RETURNS (Any): What that returns.
    """
    try:
        return run()
    except NotPackableError:
        forget_packing(network)
    return run()


def micro_batches(
    reading: Reading,
    packing: Optional[Packing],
    device: Any,
    is_train: bool,
    settings: EncoderSettings,
) -> Iterator[MicroBatch]:
    """Split documents into micro-batches of a size that suits the device.

    reading (Reading): The documents.
    packing (Optional[Packing]): How packed texts are read. None for padded ones.
    device (torch.device): The encoder's device.
    is_train (bool): Whether to train.
    settings (EncoderSettings): May set the size.
    RETURNS (Iterator[MicroBatch]): The micro-batches.
    """
    packed = packing is not None
    budget = settings.batch_pieces or pieces_a_batch(device, packed=packed and not is_train)
    return make_batches(reading, budget, packed=packed)


def encode_each(
    encode: Callable[[MicroBatch], Any],
    batches: Iterator[MicroBatch],
    is_train: bool,
    kept_pieces: Optional[int],
) -> Iterator[Encoded]:
    """Run a function on micro-batches. Limits the memory for activations.

    encode (Callable[[MicroBatch], Any]): The function.
    batches (Iterator[MicroBatch]): The micro-batches.
    is_train (bool): Whether to train.
    kept_pieces (Optional[int]): See `TransformerEncoder`.
    YIELDS (Encoded): What it returned.
    """
    from torch.utils.checkpoint import checkpoint

    n_pieces = 0
    most = math.inf if kept_pieces is None else kept_pieces
    for batch in batches:
        n_pieces += batch.windows.ids.size
        if is_train and n_pieces > most:
            yield Encoded(batch, checkpoint(encode, batch, use_reentrant=False), True)
        else:
            yield Encoded(batch, encode(batch), False)


def run_batch(
    network: Any, batch: MicroBatch, packing: Optional[Packing], device: Any, **options: Any
) -> Any:
    """Run a network on a micro-batch.

    network (PreTrainedModel): The network.
    batch (MicroBatch): The micro-batch.
    packing (Optional[Packing]): How the network reads packed texts, if these are.
    device (torch.device): Its device.
    **options (Any): Further arguments of the network.
    RETURNS (ModelOutput): Its output. Shape of the hidden states: (n_rows, length, width).
    """
    import torch

    windows = batch.windows
    # Copies for prediction have layers of their own.
    linear = partial(fast_encoder, network) if torch.is_grad_enabled() else nullcontext
    ids, types = to_torch(windows.ids, device), to_torch(windows.types, device)
    with linear():
        if isinstance(windows, PaddedWindows):
            given = {"input_ids": ids, "attention_mask": to_torch(windows.mask, device)}
            given.update({} if types is None else {"token_type_ids": types})
            return network(**given, **options)
        how = cast(Packing, packing)
        positions = to_torch(windows.positions, device)
        return run_packed(network, how, ids, positions, types, windows.lengths, **options)


def to_torch(array: Any, device: Any) -> Any:
    """RETURNS (Optional[Tensor]): An array as a tensor on a device. None for None."""
    import torch

    return None if array is None else torch.from_numpy(array).to(device)

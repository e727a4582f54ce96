"""A pretrained transformer inside a model: from documents to one vector a token."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Tuple, cast

import numpy
from spacy.tokens import Doc
from spacy_transformers.data_classes import HFObjects
from thinc.api import Model, torch2xp, xp2torch

from ..compat.spacy_transformers import objects_of, settings_of
from ..compat.thinc import network_of
from ..registry import register
from ..settings import NOT_EMPTY
from ..types import Encoder, TokenVectors
from .batching import MicroBatch, PaddedWindows, make_batches, pieces_a_batch
from .loading import load_pretrained
from .matching import tell_of_lost_words
from .mode import training
from .packing import NotPackableError, Packing, find_packing, forget_packing, run_packed
from .precision import check_precision, computing
from .reading import CONTEXT, Reading, read
from .shim import EncoderShim
from .trial import try_encoder


@dataclass(frozen=True)
class _Settings:
    window: Optional[int]
    context: int
    precision: str
    packing: bool
    batch_pieces: Optional[int]
    kept_pieces: Optional[int]


@register("architectures", "spacy_mtl.TransformerEncoder.v1", name=NOT_EMPTY)
def TransformerEncoder(
    name: str,
    tokenizer_config: Dict[str, Any] = {"use_fast": True},
    transformer_config: Dict[str, Any] = {},
    precision: str = "fp32",
    window: Optional[int] = None,
    context: int = CONTEXT,
    packing: bool = True,
    batch_pieces: Optional[int] = None,
    kept_pieces: Optional[int] = None,
) -> Encoder:
    """Build an encoder from a pretrained transformer, to be the `tok2vec` of `mtl`.

    A token's vector is the mean of those of its wordpieces; a token without any (most
    whitespace) has zeros. A document that fits the encoder's window is read as a whole,
    and a longer one in windows that overlap, each token where it has most context. What
    a token has beyond that window is left out: see `reading.read`.

    name (str): A folder, or a name on the model hub.
    tokenizer_config (Dict[str, Any]): Settings of the tokenizer.
    transformer_config (Dict[str, Any]): Settings of the transformer.
    precision (str): "fp32", "bf16" (products of matrices in bfloat16; the parameters and
        what comes out stay in float32), "auto" (bfloat16 where the processor or GPU has it
        natively), or "int8" (for a trained pipeline on a CPU: see `spacy mtl quantize`).
    window (Optional[int]): Wordpieces a window, special tokens included. By default what
        the encoder takes, 512 at most.
    context (int): About how many wordpieces a token of a long document sees on either
        side, at least, if no long token stands there; an eighth of the window at most.
    packing (bool): Whether texts stand one after the other on a CPU, without padding, if the
        encoder can read them so, as BERT and RoBERTa can. Else they are padded. Packed, other
        random elements drop out in training than torch would choose.
    batch_pieces (Optional[int]): About how many wordpieces go through the encoder at once,
        padding included. By default 1,024 on a CPU and 16,384 on a GPU.
    kept_pieces (Optional[int]): Bounds the memory of a step in training: of about how many
        wordpieces the encoder keeps all that it computed. What comes after is computed again
        on the way back. By default it keeps all.
    RETURNS (Model[List[Doc], List[Floats2d]]): One array a document.
        Shape: (n_tokens, width).
    RAISES (ValueError): If a setting is out of its range.
    """
    check_precision(precision, "spacy_mtl.TransformerEncoder.v1")
    for key, value, least in (
        ("window", window, 8),
        ("context", context, 0),
        ("batch_pieces", batch_pieces, 1),
        ("kept_pieces", kept_pieces, 0),
    ):
        if value is not None and value < least:
            raise ValueError(
                f"'{key}' of a spacy_mtl.TransformerEncoder.v1 is {value!r}, but it is a number of "
                f"wordpieces and must be at least {least}. Mend it in the block that has "
                '@architectures = "spacy_mtl.TransformerEncoder.v1".'
            )
    # Not attributes of the model: those of the saved one would win over the config.
    settings = _Settings(window, context, precision, packing, batch_pieces, kept_pieces)
    hf = HFObjects(None, None, None, dict(tokenizer_config), dict(transformer_config))
    return Model(
        "transformer_encoder",
        partial(_forward, settings=settings),
        init=partial(_init, name=name, window=window),
        dims={"nO": None},
        shims=[EncoderShim(hf)],
    )


def _init(
    model: Encoder, X: Any = None, Y: Any = None, *, name: str, window: Optional[int]
) -> None:
    shim: Any = model.shims[0]
    if network_of(shim) is not None:
        return
    where = 'the block that has @architectures = "spacy_mtl.TransformerEncoder.v1"'
    loaded = load_pretrained(name, *settings_of(objects_of(shim)), where)
    width = try_encoder(loaded.tokenizer, loaded.transformer, where, window)
    shim.take(loaded)
    model.set_dim("nO", width)


def _forward(
    model: Encoder, docs: List[Doc], is_train: bool, *, settings: _Settings
) -> Tuple[TokenVectors, Callable[[TokenVectors], List[Doc]]]:
    import torch

    shim: Any = model.shims[0]
    network = network_of(shim)
    if network is None:
        raise ValueError(
            "The encoder has no weights yet: call nlp.initialize(), or load a trained pipeline."
        )
    tokenizer = cast(HFObjects, objects_of(shim)).tokenizer
    reading = read(docs, tokenizer, network, settings.window, settings.context)
    tell_of_lost_words(tokenizer, docs, reading.pieces.n_pieces)
    lengths: Any = numpy.asarray([len(doc) for doc in docs], dtype="int64")
    shape = int(lengths.sum()), model.get_dim("nO")
    found = None
    try:
        found = _encode_all(network, reading, shape, is_train, settings)
    except NotPackableError:
        # It seemed to, with less to read.
        forget_packing(network)
    vectors, kept = found or _encode_all(network, reading, shape, is_train, settings)

    def backprop(d_outputs: TokenVectors) -> List[Doc]:
        d_vectors = xp2torch(model.ops.xp.concatenate(d_outputs), device=vectors.device)
        with training(network):
            for pooled, tokens in kept:
                torch.autograd.backward(pooled, d_vectors[tokens])
        return docs

    outputs: Any = torch2xp(vectors)
    return model.ops.unflatten(outputs, lengths), backprop


def _encode_all(
    network: Any, reading: Reading, shape: Tuple[int, int], is_train: bool, settings: _Settings
) -> Tuple[Any, List[Tuple[Any, Any]]]:
    """RETURNS (Tuple[Tensor, List]): All vectors, and those of each batch with their tokens."""
    import torch
    from torch.utils.checkpoint import checkpoint

    kept = []
    device = next(network.parameters()).device
    vectors = torch.zeros(shape, device=device)
    budget = settings.batch_pieces or pieces_a_batch(device)
    with computing(network, settings.precision, is_train) as running:
        packs = settings.packing and device.type == "cpu"
        packing = find_packing(network, reading.longest) if packs else None
        n_pieces = 0
        kept_pieces = math.inf if settings.kept_pieces is None else settings.kept_pieces
        for batch in make_batches(reading, budget, packed=packing is not None):
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


def _encode(network: Any, batch: MicroBatch, packing: Optional[Packing], device: Any) -> Any:
    """RETURNS (Tensor): The vectors of the batch's tokens. Shape: (n_tokens, width)."""
    import torch

    def to_torch(array: Any) -> Any:
        return None if array is None else torch.from_numpy(array).to(device)

    windows = batch.windows
    ids, types = to_torch(windows.ids), to_torch(windows.types)
    if isinstance(windows, PaddedWindows):
        given = {"input_ids": ids, "attention_mask": to_torch(windows.mask)}
        given.update({} if types is None else {"token_type_ids": types})
        hidden = network(**given).last_hidden_state
    else:
        how = cast(Packing, packing)
        positions = to_torch(windows.positions)
        hidden = run_packed(network, how, ids, positions, types, windows.lengths)
    # The mean of each token's wordpieces; zeros where it has none.
    return torch.nn.functional.embedding_bag(
        to_torch(batch.places),
        hidden.float().flatten(0, 1),
        to_torch(batch.offsets),
        mode="mean",
    )

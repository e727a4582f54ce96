"""Encoders whose layers a sharing scheme reads: all of them, or the lower ones.

Their output are `Features`, the last thing that all tasks have in common.
"""

from functools import partial
from typing import Any, Callable, List, Optional, Tuple
from weakref import WeakKeyDictionary

import torch
from spacy.tokens import Doc
from thinc.api import torch2xp, xp2torch

from ..arrays import cut
from ..compat.thinc import forward_of, replace_forward
from ..registry import block_of
from ..types import Encoder, Features, TokenVectors, Trunk
from .batching import MicroBatch
from .encoding import backprop_tokens, encode_all, encode_tokens, pool
from .int8 import Ranges
from .layers import find_layers, n_layers_of
from .lower import catching, lower_packing, lower_part
from .mode import training
from .packing import Packing
from .pieces import Pieces, as_rows, split_off
from .pooling import empty_vectors
from .precision import computing
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

_TITLE = "spacy_mtl.TransformerEncoder.v1"
#: The ranges of an encoder, and those of its lower layers, by the network with these.
_RANGES: "WeakKeyDictionary[Any, Tuple[Ranges, Ranges]]" = WeakKeyDictionary()


def read_all_layers(encoder: Encoder, scheme: str, *, is_frozen: bool) -> Trunk:
    """Make an encoder give the vectors of all its layers.

    encoder (Model[List[Doc], List[Floats2d]]): A model from `TransformerEncoder`. Modified.
    scheme (str): The name of the sharing scheme, for messages.
    is_frozen (bool): Whether it is never trained. Then it also runs without dropout.
    RETURNS (Model[List[Doc], Features]): The encoder. Shape of each array: (n_tokens, n_layers,
        width). The first layer is that of the embeddings.
    RAISES (ValueError): If it is another encoder.
    """
    settings = _settings_of(encoder, scheme)
    replace_forward(encoder, partial(_forward_all, settings=settings, is_frozen=is_frozen))
    return encoder  # type: ignore[return-value]


def read_lower_layers(
    encoder: Encoder,
    scheme: str,
    *,
    n_upper: Optional[int],
    freeze_embeddings: bool = False,
    freeze_all: bool = False,
    with_whole: bool = False,
) -> Trunk:
    """Make an encoder stop before its upper layers.

    encoder (Model[List[Doc], List[Floats2d]]): A model from `TransformerEncoder`. Modified.
    scheme (str): The name of the sharing scheme, for messages.
    n_upper (Optional[int]): The number of layers that don't run. None: all of them.
    freeze_embeddings (bool): Whether what is below the lowest layer isn't trained.
    freeze_all (bool): Whether nothing in the encoder is trained.
    with_whole (bool): Whether, to predict, all layers run as well: see `Pieces`. The shared
        representation then is their output.
    RETURNS (Model[List[Doc], Features]): The encoder. The arrays are the hidden states of
        micro-batches, shape (n_pieces, width), and the context is `Pieces`.
    RAISES (ValueError): If it is another encoder.
    """
    settings = _settings_of(encoder, scheme)
    run = partial(
        _forward_lower,
        settings=settings,
        n_upper=n_upper,
        freeze_embeddings=freeze_embeddings,
        freeze_all=freeze_all,
        with_whole=with_whole,
    )
    replace_forward(encoder, run)
    return encoder  # type: ignore[return-value]


def _settings_of(encoder: Encoder, scheme: str) -> EncoderSettings:
    settings = getattr(forward_of(encoder), "keywords", {}).get("settings")
    if not isinstance(settings, EncoderSettings):
        raise ValueError(
            f"{scheme} reads layers inside of the encoder, so 'tok2vec' of {block_of(scheme)} must "
            f"be a {_TITLE}, but it is a model '{encoder.name}'. If that listens to a component "
            "'transformer', remove this component, and set 'tok2vec' to @architectures = "
            f"\"{_TITLE}\" with its 'name'."
        )
    if settings.engine == "openvino":
        raise ValueError(
            f"'engine' of the {_TITLE} in {block_of(scheme)} is \"openvino\", which runs whole "
            f'encoders, but {scheme} reads layers inside of it. Set engine = "torch".'
        )
    return settings


def _forward_all(
    model: Encoder, docs: List[Doc], is_train: bool, *, settings: EncoderSettings, is_frozen: bool
) -> Tuple[Features, Callable[[List[Any]], List[Doc]]]:
    shim: Any = model.shims[0]
    network, reading, lengths = read_docs(model, docs, settings)
    device = next(network.parameters()).device
    width, n_layers = model.get_dim("nO"), n_layers_of(network) + 1
    learns = is_train and not is_frozen

    def run() -> Tuple[Any, List[Tuple[Any, Any]]]:
        with computing(network, settings.precision, learns, shim.ranges) as running:
            packing = packing_of(network, reading, settings)
            return encode_tokens(
                lambda batch: _all_layers(running, batch, packing, device),
                reading,
                packing,
                device,
                (sum(lengths), n_layers * width),
                learns,
                settings,
            )

    vectors, kept = or_padded(network, run)
    arrays: Any = torch2xp(vectors.view(-1, n_layers, width))

    def backprop(d_arrays: List[Any]) -> List[Doc]:
        if learns:
            d_vectors = xp2torch(model.ops.xp.concatenate(d_arrays), device=device)
            backprop_tokens(network, kept, d_vectors.flatten(1))
        return docs

    features = Features(cut(arrays, lengths))
    if not is_train:
        # A copy: documents keep it, and shall not keep all layers.
        features.vectors = cut(model.ops.xp.ascontiguousarray(arrays[:, -1]), lengths)
    return features, backprop


def _all_layers(network: Any, batch: MicroBatch, packing: Optional[Packing], device: Any) -> Any:
    """RETURNS (Tensor): The vectors of tokens in each layer. Shape: (n_tokens, layers * width)."""
    output = run_batch(network, batch, packing, device, output_hidden_states=True)
    # The last one may not be normalized yet.
    layers = [*output.hidden_states[:-1], output.last_hidden_state]
    return pool(torch.cat(layers, dim=-1), batch, device)


def _forward_lower(
    model: Encoder,
    docs: List[Doc],
    is_train: bool,
    *,
    settings: EncoderSettings,
    n_upper: Optional[int],
    freeze_embeddings: bool,
    freeze_all: bool,
    with_whole: bool,
) -> Tuple[Features, Callable[[List[Any]], List[Doc]]]:
    shim: Any = model.shims[0]
    network, reading, lengths = read_docs(model, docs, settings)
    device = next(network.parameters()).device
    width = model.get_dim("nO")
    n_upper = n_layers_of(network) if n_upper is None else n_upper
    lower = lower_part(network, n_upper)
    if is_train:
        if freeze_all:
            network.requires_grad_(False)
        elif freeze_embeddings:
            freeze_below_layers(network)

    def run() -> Tuple[Pieces, List[List[Any]]]:
        pieces = Pieces(lengths, [])
        kept = []
        with computing(lower, settings.precision, is_train, _ranges_of(lower, shim)) as running:
            packing = None
            # With gradient checkpointing, attention is repeated in the backward pass.
            if not (is_train and getattr(network, "is_gradient_checkpointing", False)):
                packing = lower_packing(packing_of(network, reading, settings), network, n_upper)
            batches = micro_batches(reading, packing, device, is_train, settings)
            catch = partial(_catch, running, packing=packing, device=device)
            for batch, found, again in encode_each(catch, batches, is_train, settings.kept_pieces):
                own, tensors = split_off(batch, found[0], found[1], again)
                pieces.batches.append(own)
                kept.append(tensors)
        return pieces, kept

    pieces, kept = or_padded(network, run)
    rows = (as_rows(tensor.detach(), width) for own in kept for tensor in own)
    arrays: List[Any] = list(map(torch2xp, rows))

    def backprop(d_arrays: List[Any]) -> List[Doc]:
        d_tensors = iter(d_arrays)
        with training(lower):
            for own in kept:
                pairs = [(tensor, _like(next(d_tensors), tensor)) for tensor in own]
                # With frozen embeddings and no lower layer, there is nothing to train.
                outputs = [tensor for tensor, _ in pairs if tensor.requires_grad]
                if outputs:
                    d_outputs = [d for tensor, d in pairs if tensor.requires_grad]
                    torch.autograd.backward(outputs, d_outputs)
        return docs

    features = Features(arrays or [model.ops.alloc2f(0, width)], pieces, lengths=lengths)
    if is_train:
        return features, backprop
    shape = sum(lengths), width
    if with_whole:
        given = network, reading, shape, False, settings, shim.ranges
        pieces.whole = or_padded(network, lambda: encode_all(*given))[0]
        whole: Any = torch2xp(pieces.whole)
        features.vectors = cut(whole, lengths)
    else:
        features.vectors = _shared_vectors(pieces, kept, shape, device)
    return features, backprop


def _like(d_rows: Any, tensor: Any) -> Any:
    """RETURNS (Tensor): The gradient of rows as that of the tensor that they were made of."""
    flat = xp2torch(d_rows, device=tensor.device).flatten()[: tensor.numel()]
    return flat.view(tensor.shape).to(tensor.dtype)


def _catch(
    network: Any, batch: MicroBatch, *, packing: Optional[Packing], device: Any
) -> Tuple[Any, List[Any]]:
    """RETURNS (Tuple[Tensor, List[Given]]): The hidden states, what upper layers are given."""
    with catching() as given:
        hidden = run_batch(network, batch, packing, device).last_hidden_state
    return hidden, given


def _shared_vectors(
    pieces: Pieces, kept: List[List[Any]], shape: Tuple[int, int], device: Any
) -> TokenVectors:
    """RETURNS (List[Floats2d]): The mean of each token's hidden states, by document."""
    vectors = empty_vectors(shape, device).zero_()
    for own, (hidden, *_) in zip(pieces.batches, kept):
        vectors[to_torch(own.batch.tokens, device)] = pool(hidden, own.batch, device)
    found: Any = torch2xp(vectors)
    return cut(found, pieces.lengths)


def _ranges_of(lower: Any, shim: Any) -> Optional[Ranges]:
    """RETURNS (Optional[Ranges]): The ranges of the layers that run."""
    if shim.ranges is None:
        return None
    every, some = _RANGES.get(lower, ({}, {}))
    if every is not shim.ranges:
        names = {name for name, _ in lower.named_modules()}
        some = {name: found for name, found in shim.ranges.items() if name in names}
        # Copies of networks know ranges by their number.
        _RANGES[lower] = shim.ranges, some
    return some


def freeze_below_layers(network: Any) -> None:
    """Stop training what is below the layers of an encoder: its embeddings.

    network (PreTrainedModel): The encoder.
    RAISES (EncoderError): If its layers can't be found.
    """
    names = find_layers(network)
    kept = tuple(f"{name}." for name in (*names.layers, *names.after))
    for name, parameter in network.named_parameters():
        if not name.startswith(kept):
            parameter.requires_grad_(False)

"""A pretrained transformer inside a model: from documents to one vector a token."""

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import numpy
from spacy.tokens import Doc
from spacy_transformers.data_classes import HFObjects
from spacy_transformers.layers.hf_shim import HFShim
from thinc.api import Model, torch2xp, xp2torch

from ..registry import registry
from ..types import Encoder, TokenVectors
from .batching import MicroBatch, make_batches, pieces_a_batch
from .loading import load_pretrained
from .precision import check_precision, uses_bfloat16
from .reading import CONTEXT, read


@dataclass(frozen=True)
class _Settings:
    window: Optional[int]
    context: int
    precision: str
    batch_pieces: Optional[int]


@registry.architectures("spacy_mtl.TransformerEncoder.v1")
def TransformerEncoder(
    name: str,
    tokenizer_config: Dict[str, Any] = {"use_fast": True},
    transformer_config: Dict[str, Any] = {},
    precision: str = "fp32",
    window: Optional[int] = None,
    context: int = CONTEXT,
    batch_pieces: Optional[int] = None,
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
        what comes out stay in float32), or "auto": bfloat16 where the processor or GPU has
        it natively.
    window (Optional[int]): Wordpieces a window, special tokens included. By default what
        the encoder takes, 512 at most.
    context (int): About how many wordpieces a token of a long document sees on either
        side, at least, if no long token stands there; an eighth of the window at most.
    batch_pieces (Optional[int]): Wordpieces that go through the encoder at once, padding
        included. By default 1,024 on a CPU and 16,384 on a GPU.
    RETURNS (Model[List[Doc], List[Floats2d]]): One array a document.
        Shape: (n_tokens, width).
    RAISES (ValueError): If a setting is out of its range.
    """
    check_precision(precision)
    for key, value, least in (
        ("window", window, 8),
        ("context", context, 0),
        ("batch_pieces", batch_pieces, 1),
    ):
        if value is not None and value < least:
            raise ValueError(
                f"'{key}' of a spacy_mtl.TransformerEncoder.v1 is {value!r}, but it is a number of "
                f"wordpieces and must be at least {least}."
            )
    # Not attributes of the model: those of the saved one would win over the config.
    settings = _Settings(window, context, precision, batch_pieces)
    hf = HFObjects(None, None, None, dict(tokenizer_config), dict(transformer_config))
    return Model(
        "transformer_encoder",
        partial(_forward, settings=settings),
        init=partial(_init, name=name),
        dims={"nO": None},
        shims=[HFShim(hf)],
    )


def _init(model: Encoder, X: Any = None, Y: Any = None, *, name: str) -> None:
    shim: Any = model.shims[0]
    if shim._model is not None:
        return
    found = shim._hfmodel
    where = 'the block that has @architectures = "spacy_mtl.TransformerEncoder.v1"'
    loaded = load_pretrained(
        name, found._init_tokenizer_config, found._init_transformer_config, where
    )
    found.tokenizer = loaded.tokenizer
    found.transformer = loaded.transformer
    found.vocab_file_contents = loaded.vocab_file_contents
    shim._model = loaded.transformer
    model.set_dim("nO", loaded.transformer.config.hidden_size)


def _forward(
    model: Encoder, docs: List[Doc], is_train: bool, *, settings: _Settings
) -> Tuple[TokenVectors, Callable[[TokenVectors], List[Doc]]]:
    import torch

    shim: Any = model.shims[0]
    network = shim._model
    if network is None:
        raise ValueError(
            "The encoder has no weights yet: call nlp.initialize(), or load a trained pipeline."
        )
    tokenizer = shim._hfmodel.tokenizer
    reading = read(docs, tokenizer, network, settings.window, settings.context)
    lengths: Any = numpy.asarray([len(doc) for doc in docs], dtype="int64")
    kept = []
    with _computing(network, settings.precision, is_train) as device:
        vectors = torch.zeros((int(lengths.sum()), model.get_dim("nO")), device=device)
        budget = settings.batch_pieces or pieces_a_batch(device)
        for batch in make_batches(reading, budget):
            pooled = _encode(network, batch, device)
            tokens = torch.from_numpy(batch.tokens).to(device)
            vectors[tokens] = pooled.detach()
            if is_train:
                kept.append((pooled, tokens))

    def backprop(d_outputs: TokenVectors) -> List[Doc]:
        d_vectors = xp2torch(model.ops.xp.concatenate(d_outputs), device=device)
        for pooled, tokens in kept:
            torch.autograd.backward(pooled, d_vectors[tokens])
        return docs

    outputs: Any = torch2xp(vectors)
    return model.ops.unflatten(outputs, lengths), backprop


def _encode(network: Any, batch: MicroBatch, device: Any) -> Any:
    """RETURNS (Tensor): The vectors of the batch's tokens. Shape: (n_tokens, width)."""
    import torch

    def to_torch(array: Any) -> Any:
        return torch.from_numpy(array).to(device)

    padded = batch.windows
    given = {"input_ids": padded.ids, "attention_mask": padded.mask, "token_type_ids": padded.types}
    inputs = {key: to_torch(array) for key, array in given.items() if array is not None}
    hidden = network(**inputs).last_hidden_state
    hidden = hidden.float().reshape((-1, hidden.shape[-1]))
    # The mean of each token's wordpieces; zeros where it has none.
    return torch.nn.functional.embedding_bag(
        to_torch(batch.places), hidden, to_torch(batch.offsets), mode="mean"
    )


@contextmanager
def _computing(network: Any, precision: str, is_train: bool) -> Iterator[Any]:
    import torch

    device = next(network.parameters()).device
    network.train(is_train)
    with (
        torch.set_grad_enabled(is_train),
        torch.autocast(device.type, torch.bfloat16, enabled=uses_bfloat16(precision, device)),
    ):
        yield device

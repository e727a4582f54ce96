"""A pretrained transformer inside a model: from documents to one vector a token."""

from functools import partial
from typing import Any, Dict, Optional

from spacy_transformers.data_classes import HFObjects
from thinc.api import Model

from ..compat.spacy_transformers import objects_of, settings_of
from ..compat.thinc import network_of
from ..registry import register
from ..settings import NOT_EMPTY
from ..types import Encoder
from .encoding import EncoderSettings, forward
from .loading import load_pretrained
from .precision import check_precision
from .reading import CONTEXT
from .shim import EncoderShim
from .trial import try_encoder


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
    settings = EncoderSettings(window, context, precision, packing, batch_pieces, kept_pieces)
    hf = HFObjects(None, None, None, dict(tokenizer_config), dict(transformer_config))
    return Model(
        "transformer_encoder",
        partial(forward, settings=settings),
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

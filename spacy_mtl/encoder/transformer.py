"""A pretrained transformer inside a model: maps documents to one vector per token."""

from functools import partial
from typing import Any, Dict, Optional

from spacy_transformers.data_classes import HFObjects
from thinc.api import Model

from ..compat.spacy_transformers import objects_of, settings_of
from ..compat.thinc import network_of
from ..registry import block_of, register
from ..settings import NOT_EMPTY
from ..types import Encoder
from .encoding import forward
from .engine import check_engine
from .loading import load_pretrained
from .precision import check_precision
from .reading import CONTEXT
from .running import EncoderSettings
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
    engine: str = "torch",
) -> Encoder:
    """Build an encoder from a pretrained transformer, for the `tok2vec` of `mtl`.

    A token's vector is the mean of its wordpieces' vectors; a token without wordpieces (most
    whitespace) gets zeros. A document that fits the encoder's window is read as a whole,
    a longer one in overlapping windows, each token where it has the most context. A token's
    pieces beyond that window are left out: see `reading.read`.

    name (str): A folder, or a name on the model hub.
    tokenizer_config (Dict[str, Any]): Settings of the tokenizer.
    transformer_config (Dict[str, Any]): Settings of the transformer.
    precision (str): "fp32", "bf16" (matrix products in bfloat16; parameters and output
        stay in float32), "auto" (bfloat16 if the processor or GPU has it natively), or
        "int8" (for a trained pipeline on a CPU: see `spacy mtl quantize`).
    window (Optional[int]): Wordpieces per window, including special tokens. Defaults to
        what the encoder accepts, at most 512.
    context (int): The approximate minimum of wordpieces on either side of a token in a long
        document, unless there is a long token; at most an eighth of the window.
    packing (bool): Whether to concatenate texts on a CPU, without padding, if the encoder
        supports it, as BERT and RoBERTa do. Otherwise texts are padded. With packing, dropout
        chooses other random elements than torch would.
    batch_pieces (Optional[int]): The approximate number of wordpieces per micro-batch,
        including padding. By default 1,024 on a CPU (1,536 in predictions without padding) and
        16,384 on a GPU.
    kept_pieces (Optional[int]): Limits the memory of a training step: the approximate number
        of wordpieces for which activations are kept. Those of all others are recomputed in
        the backward pass. By default all are kept.
    engine (str): What computes predictions on a CPU: "torch", "openvino" (needs
        `pip install 'spacy-mtl[openvino]'`; texts are padded), or "auto" (the faster one). The
        saved weights are the same for all. The conversion for OpenVINO takes one to three
        seconds, and again whenever the weights change. So PyTorch computes the first 100,000
        wordpieces with "auto", and with "openvino" if the encoder was trained in this process;
        it also computes whatever OpenVINO can't convert.
    RETURNS (Model[List[Doc], List[Floats2d]]): One array per document.
        Shape: (n_tokens, width).
    RAISES (ValueError): If a setting is out of range.
    """
    check_precision(precision, "spacy_mtl.TransformerEncoder.v1")
    check_engine(engine, "spacy_mtl.TransformerEncoder.v1")
    for key, value, least in (
        ("window", window, 8),
        ("context", context, 0),
        ("batch_pieces", batch_pieces, 1),
        ("kept_pieces", kept_pieces, 0),
    ):
        if value is not None and value < least:
            raise ValueError(
                f"'{key}' of a spacy_mtl.TransformerEncoder.v1 is {value!r}, but it is a number of "
                f"wordpieces and must be at least {least}. Fix it in "
                f"{block_of('spacy_mtl.TransformerEncoder.v1')}."
            )
    # Not model attributes: saved ones would override the config.
    settings = EncoderSettings(
        window, context, precision, engine, packing, batch_pieces, kept_pieces
    )
    hf = HFObjects(None, None, None, dict(tokenizer_config), dict(transformer_config))
    shim = EncoderShim(hf)
    shim.precision = precision
    return Model(
        "transformer_encoder",
        partial(forward, settings=settings),
        init=partial(_init, name=name, window=window),
        dims={"nO": None},
        shims=[shim],
    )


def _init(
    model: Encoder, X: Any = None, Y: Any = None, *, name: str, window: Optional[int]
) -> None:
    shim: Any = model.shims[0]
    if network_of(shim) is not None:
        return
    where = block_of("spacy_mtl.TransformerEncoder.v1")
    loaded = load_pretrained(name, *settings_of(objects_of(shim)), where)
    width = try_encoder(loaded.tokenizer, loaded.transformer, where, window)
    shim.take(loaded)
    model.set_dim("nO", width)

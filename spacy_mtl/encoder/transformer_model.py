"""A faster model for the stock `transformer` component."""

from typing import Any, Dict, List, Optional

from spacy.tokens import Doc
from spacy_transformers.data_classes import FullTransformerBatch, HFObjects
from spacy_transformers.layers.split_trf import split_trf_batch
from spacy_transformers.layers.trfs2arrays import trfs2arrays
from thinc.api import Model, PyTorchGradScaler, chain
from thinc.types import Floats2d, Ragged

from ..registry import block_of, register
from ..settings import NOT_EMPTY, check_keys
from ..types import Encoder
from .engine import check_engine
from .precision import check_precision
from .shim import EncoderShim
from .stock_model import (
    EncoderModel,
    SpanGetter,
    adopt_transformer,
    is_stock_transformer,
    whole_documents,
    with_our_forward,
)
from .transformer_output import pool_without_tokens

__all__ = [
    "adopt_transformer",
    "create_tok2vec_transformer",
    "create_transformer_model",
    "is_stock_transformer",
]


@register("architectures", "spacy_mtl.TransformerModel.v1", name=NOT_EMPTY)
def create_transformer_model(
    name: str,
    get_spans: Optional[SpanGetter] = None,
    tokenizer_config: Dict[str, Any] = {"use_fast": True},
    transformer_config: Dict[str, Any] = {},
    mixed_precision: bool = False,
    grad_scaler_config: Dict[str, Any] = {},
    precision: str = "fp32",
    engine: str = "torch",
) -> Model[List[Doc], FullTransformerBatch]:
    """Build a drop-in replacement for `spacy-transformers.TransformerModel.v3`.

    It gives the same output with less work: texts of similar length go through the
    encoder together, and a document that fits the encoder's window is read once and as a
    whole. Longer ones are read in windows that overlap a little; each token's vector comes
    from the window where it has the most context. A wordpiece that is only a space (some
    tokenizers make them) belongs to no token here; in the library, to the token before.

    name (str): A folder, or a name on the model hub.
    get_spans (Optional[Callable[[List[Doc]], List[List[Span]]]]): Returns the spans to read.
        By default windows as above. Custom spans are read unchanged; anything beyond the
        encoder's window is left out, with a warning.
    tokenizer_config (Dict[str, Any]): Settings of the tokenizer.
    transformer_config (Dict[str, Any]): Settings of the transformer.
    mixed_precision (bool): Whether to compute in float16 where possible, on a GPU.
    grad_scaler_config (Dict[str, Any]): Settings of the gradient scaler for that.
    precision (str): "fp32", "bf16", "auto" or "int8": see `TransformerEncoder`.
    engine (str): "torch", "openvino" or "auto": see `TransformerEncoder`. OpenVINO gives the last
        hidden states only, no output of the pooler. So PyTorch computes if transformer_config has
        output_hidden_states or output_attentions.
    RETURNS (Model[List[Doc], FullTransformerBatch]): The model.
    RAISES (ValueError): If a setting is out of range.
    """
    check_precision(precision, "spacy_mtl.TransformerModel.v1")
    check_engine(engine, "spacy_mtl.TransformerModel.v1")
    if mixed_precision and precision != "fp32":
        raise ValueError(
            f"A spacy_mtl.TransformerModel.v1 has mixed_precision = true and precision = "
            f"{precision!r}. Remove one of them."
        )
    title = "spacy_mtl.TransformerModel.v1"
    check_keys("grad_scaler_config", grad_scaler_config, PyTorchGradScaler, title, block_of(title))
    hf = HFObjects(None, None, None, dict(tokenizer_config), dict(transformer_config))
    scaling = {"grad_scaler_config": dict(grad_scaler_config)}
    shim = EncoderShim(hf, mixed_precision=mixed_precision, **scaling)
    model = EncoderModel(name, get_spans or whole_documents, shim)
    return with_our_forward(model, mixed_precision, precision, engine)


@register("architectures", "spacy_mtl.Tok2VecTransformer.v1", name=NOT_EMPTY)
def create_tok2vec_transformer(
    name: str,
    pooling: Model[Ragged, Floats2d],
    get_spans: Optional[SpanGetter] = None,
    tokenizer_config: Dict[str, Any] = {"use_fast": True},
    transformer_config: Dict[str, Any] = {},
    mixed_precision: bool = False,
    grad_scaler_config: Dict[str, Any] = {},
    precision: str = "fp32",
    grad_factor: float = 1.0,
    engine: str = "torch",
) -> Encoder:
    """Build the model that `nlp.replace_listeners` substitutes for a listener.

    For an encoder inside a component, `spacy_mtl.TransformerEncoder.v1` is faster.

    pooling (Model[Ragged, Floats2d]): Maps a token's wordpieces to its vector.
    grad_factor (float): Factor of the gradient that goes into the transformer.
    **settings (Any): See `create_transformer_model`.
    RETURNS (Model[List[Doc], List[Floats2d]]): One array per document.
        Shape: (n_tokens, width).
    """
    check_precision(precision, "spacy_mtl.Tok2VecTransformer.v1")
    check_engine(engine, "spacy_mtl.Tok2VecTransformer.v1")
    model = create_transformer_model(
        name,
        get_spans,
        tokenizer_config,
        transformer_config,
        mixed_precision,
        grad_scaler_config,
        precision,
        engine,
    )
    # A nested chain, the same structure as a replaced listener.
    pooled = pool_without_tokens(trfs2arrays(pooling, grad_factor))
    return chain(chain(model, split_trf_batch()), pooled)

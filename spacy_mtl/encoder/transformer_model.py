"""A faster model for the stock `transformer` component."""

from functools import partial
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy
import torch
from spacy.tokens import Doc, Span
from spacy_transformers.data_classes import FullTransformerBatch, HFObjects, WordpieceBatch
from spacy_transformers.layers.hf_shim import HFShim
from spacy_transformers.layers.split_trf import split_trf_batch
from spacy_transformers.layers.transformer_model import TransformerModel
from spacy_transformers.layers.trfs2arrays import trfs2arrays
from spacy_transformers.span_getters import get_doc_spans
from thinc.api import Model, PyTorchGradScaler, chain, xp2torch
from thinc.types import Floats2d, Ragged
from thinc.util import convert_recursive
from transformers.file_utils import ModelOutput

from ..compat.spacy_transformers import (
    LoadsNoFolder,
    objects_of,
    replace_shim,
    settings_of,
    shim_of,
)
from ..compat.thinc import change_class, replace_forward, uses_mixed_precision
from ..loading import is_out_of_memory
from ..registry import register
from ..settings import NOT_EMPTY, check_keys
from ..types import Encoder
from .batching import batch_by_padded_size, pieces_a_batch
from .loading import load_pretrained
from .mode import training
from .precision import check_precision, computing
from .shim import EncoderShim, SavedEncoderError
from .transformer_input import TransformerInput, read_spans, read_windows, take
from .transformer_output import empty_batch, merge_outputs, pool_without_tokens
from .trial import try_encoder

SpanGetter = Callable[[List[Doc]], List[List[Span]]]


@register("architectures", "spacy_mtl.TransformerModel.v1", name=NOT_EMPTY)
def create_transformer_model(
    name: str,
    get_spans: Optional[SpanGetter] = None,
    tokenizer_config: Dict[str, Any] = {"use_fast": True},
    transformer_config: Dict[str, Any] = {},
    mixed_precision: bool = False,
    grad_scaler_config: Dict[str, Any] = {},
    precision: str = "fp32",
) -> Model[List[Doc], FullTransformerBatch]:
    """Build a model that can take the place of `spacy-transformers.TransformerModel.v3`.

    It gives what that one gives, with less work: texts of like length go through the
    encoder together, and a document that fits the encoder's window is read once and as a
    whole. Longer ones are read in windows that overlap a little; a token takes its vector
    from the one where it has most context. A wordpiece that is a space only (some
    tokenizers have such) belongs to no token here; to the library it is the one's before.

    name (str): A folder, or a name on the model hub.
    get_spans (Optional[Callable[[List[Doc]], List[List[Span]]]]): What is read together.
        By default windows as above. Spans of your own are read as they are; what goes
        beyond the encoder's window is left out, with a warning.
    tokenizer_config (Dict[str, Any]): Settings of the tokenizer.
    transformer_config (Dict[str, Any]): Settings of the transformer.
    mixed_precision (bool): Whether to compute in float16 where it can, on a GPU.
    grad_scaler_config (Dict[str, Any]): Settings of the gradient scaler for that.
    precision (str): "fp32", "bf16", "auto" or "int8": see `TransformerEncoder`.
    RETURNS (Model[List[Doc], FullTransformerBatch]): The model.
    RAISES (ValueError): If a setting is out of its range.
    """
    check_precision(precision, "spacy_mtl.TransformerModel.v1")
    if mixed_precision and precision != "fp32":
        raise ValueError(
            f"A spacy_mtl.TransformerModel.v1 has mixed_precision = true and precision = "
            f"{precision!r}. Leave one of them out."
        )
    title = "spacy_mtl.TransformerModel.v1"
    where = f'the block that has @architectures = "{title}"'
    check_keys("grad_scaler_config", grad_scaler_config, PyTorchGradScaler, title, where)
    hf = HFObjects(None, None, None, dict(tokenizer_config), dict(transformer_config))
    scaling = {"grad_scaler_config": dict(grad_scaler_config)}
    shim = EncoderShim(hf, mixed_precision=mixed_precision, **scaling)
    model = _EncoderModel(name, get_spans or _whole_documents, shim)
    return _with_our_forward(model, mixed_precision, precision)


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
) -> Encoder:
    """Build what `nlp.replace_listeners` puts in the place of a listener.

    For an encoder inside a component, `spacy_mtl.TransformerEncoder.v1` is faster.

    pooling (Model[Ragged, Floats2d]): From a token's wordpieces to its vector.
    grad_factor (float): Factor of the gradient that goes into the transformer.
    **settings (Any): See `create_transformer_model`.
    RETURNS (Model[List[Doc], List[Floats2d]]): One array a document.
        Shape: (n_tokens, width).
    """
    check_precision(precision, "spacy_mtl.Tok2VecTransformer.v1")
    model = create_transformer_model(
        name,
        get_spans,
        tokenizer_config,
        transformer_config,
        mixed_precision,
        grad_scaler_config,
        precision,
    )
    # A chain of a chain, as a listener becomes when it is replaced.
    pooled = pool_without_tokens(trfs2arrays(pooling, grad_factor))
    return chain(chain(model, split_trf_batch()), pooled)


def is_stock_transformer(model: Model) -> bool:
    """RETURNS (bool): Whether a model is the library's own, and not one made of it."""
    return type(model) is TransformerModel and type(shim_of(model)) is HFShim


def adopt_transformer(model: Any) -> Model[List[Doc], FullTransformerBatch]:
    """Make the library's model one of ours, that reads batches without a word, too.

    model (TransformerModel): The library's, with weights. Its shim becomes the new one's.
    RETURNS (Model[List[Doc], FullTransformerBatch]): It gives what that one gives.
    """
    shim = shim_of(model)
    change_class(shim, EncoderShim)
    adopted: Any = _EncoderModel(model.attrs["name"], model.attrs["get_spans"], shim)
    adopted.attrs["has_transformer"] = True
    adopted.set_dim("nO", model.get_dim("nO"))
    return _with_our_forward(adopted, uses_mixed_precision(shim), "fp32")


class _EncoderModel(LoadsNoFolder, TransformerModel):
    """The library's model, with a shim of ours."""

    def __init__(self, name: str, get_spans: SpanGetter, shim: EncoderShim) -> None:
        super().__init__(name, get_spans)
        replace_shim(self, shim)

    def copy(self) -> Any:
        """RETURNS (Model): As the library makes it; but its width stays known."""
        copied = super().copy()
        copied.set_dim("nO", self.maybe_get_dim("nO"))
        return copied

    def from_bytes(self, bytes_data: bytes) -> Any:
        """Load the model.

        bytes_data (bytes): The file `model` of the component.
        RETURNS (Model): This one.
        RAISES (SavedEncoderError): If it is damaged, another's, or would do more than load.
        """
        try:
            return super().from_bytes(bytes_data)
        except SavedEncoderError:
            raise
        # Whatever thinc says of what is cut short, or of another structure.
        except Exception as err:
            if is_out_of_memory(err):
                raise
            problem = f"it is damaged, or that of another component ({type(err).__name__}: {err})"
            raise shim_of(self).refusal([problem]) from err

    def folder_refusal(self) -> SavedEncoderError:
        """RETURNS (SavedEncoderError): Why no folder is loaded: see `LoadsNoFolder`."""
        return SavedEncoderError(
            "The 'model' of the saved component is a folder, or cannot be read. A model with "
            '@architectures = "spacy_mtl.TransformerModel.v1" is saved as a file, and no other is '
            "loaded: a folder could bring code. Copy the pipeline anew from where it was saved. "
            "One of spacy-transformers 1.0 is loaded with its own architecture, and saved again."
        )


def _with_our_forward(
    model: Any, mixed_precision: bool, precision: str
) -> Model[List[Doc], FullTransformerBatch]:
    is_ours = model.attrs["get_spans"] is _whole_documents
    # Mixed precision scales and unscales all gradients with every backward pass.
    replace_forward(
        model,
        partial(
            _forward,
            read=read_windows if is_ours else read_spans,
            run=partial(_run, precision=precision),
            in_one_batch=mixed_precision,
        ),
    )
    model.init = _init
    model.attrs["replace_listener"] = partial(_replace_listener, precision)
    model.attrs["replace_listener_cfg"] = _replace_listener_cfg
    return model


def _whole_documents(docs: List[Doc]) -> List[List[Span]]:
    """Stand where the library wants a getter of spans. Windows do not come from it."""
    return get_doc_spans(docs)


def _init(model: Any, X: Any = None, Y: Any = None) -> None:
    if model.attrs["has_transformer"]:
        return
    where = 'the block that has @architectures = "spacy_mtl.TransformerModel.v1"'
    shim = shim_of(model)
    loaded = load_pretrained(model.attrs["name"], *settings_of(objects_of(shim)), where)
    width = try_encoder(loaded.tokenizer, loaded.transformer, where)
    shim.take(loaded)
    model.attrs["has_transformer"] = True
    model.set_dim("nO", width)


def _forward(
    model: Any,
    docs: List[Doc],
    is_train: bool,
    *,
    read: Callable[[Any, List[Doc]], TransformerInput],
    run: Callable[[Any, WordpieceBatch, bool], Tuple[ModelOutput, Callable]],
    in_one_batch: bool,
) -> Tuple[FullTransformerBatch, Callable[[FullTransformerBatch], List[Doc]]]:
    if model.transformer is None:
        raise ValueError(
            "The encoder of the spacy_mtl.TransformerModel.v1 has no weights yet: call "
            "nlp.initialize(), or load a trained pipeline."
        )
    if not any(len(doc) for doc in docs):
        return empty_batch(len(docs), model.get_dim("nO")), lambda d_output: docs
    given = read(model, docs)
    wordpieces = given.wordpieces
    lengths = numpy.asarray(wordpieces.attention_mask.sum(axis=1), dtype="int64")
    is_whole = is_train and in_one_batch
    budget = wordpieces.input_ids.size if is_whole else pieces_a_batch(model.transformer.device)
    parts = batch_by_padded_size(lengths, budget)
    outputs, callbacks = [], []
    for rows in parts:
        output, backprop_part = run(model, take(wordpieces, rows, lengths), is_train)
        outputs.append(output)
        callbacks.append(backprop_part)

    def backprop(d_output: FullTransformerBatch) -> List[Doc]:
        # One array, for the hidden state: the others are for users to look at.
        d_hidden: Any = next(iter(d_output.model_output.values()))
        for rows, backprop_part in zip(parts, callbacks):
            d_part = d_hidden[rows, : lengths[rows].max()]
            backprop_part(d_part.contiguous())
        return docs

    merged = merge_outputs(outputs, parts, wordpieces.input_ids.shape)
    return FullTransformerBatch(given.spans, wordpieces, merged, given.align), backprop


def _run(
    model: Any, part: WordpieceBatch, is_train: bool, *, precision: str
) -> Tuple[ModelOutput, Callable[[Any], object]]:
    if precision == "fp32":
        output, backprop_layer = model.layers[0](part, is_train)
        return output, lambda d_hidden: backprop_layer(ModelOutput(output_0=d_hidden))
    device = model.transformer.device
    given = {
        "input_ids": part.input_ids,
        "attention_mask": part.attention_mask,
        "token_type_ids": part.token_type_ids,
    }
    inputs = {k: xp2torch(array, device=device) for k, array in given.items() if array is not None}
    with computing(model.transformer, precision, is_train) as network:
        output = network(**inputs)
    # numpy has no bfloat16.
    found = convert_recursive(_is_bfloat16, lambda tensor: tensor.float(), dict(output))
    as_float: ModelOutput = type(output)(**found)

    def backprop(d_hidden: Any) -> None:
        # Looked up when called: who needs several passes has the graph kept there.
        with training(model.transformer):
            torch.autograd.backward(as_float["last_hidden_state"], d_hidden)

    return as_float, backprop


def _is_bfloat16(value: Any) -> bool:
    return getattr(value, "dtype", None) is torch.bfloat16


def _replace_listener(precision: str, model: Any) -> Model:
    # The library's copies of a model forget how it was changed, and that it has weights.
    shim = shim_of(model)
    shim.owner = None
    copied: Any = _EncoderModel(model.attrs["name"], model.attrs["get_spans"], shim)
    copied.attrs["has_transformer"] = True
    copied.set_dim("nO", model.get_dim("nO"))
    return chain(
        _with_our_forward(copied, uses_mixed_precision(shim), precision), split_trf_batch()
    )


def _replace_listener_cfg(
    model_cfg: Dict[str, Any], listener_cfg: Dict[str, Any]
) -> Dict[str, Any]:
    ours = {"@architectures": "spacy_mtl.Tok2VecTransformer.v1"}
    of_listener: Dict[str, Any] = {
        k: listener_cfg[k] for k in ("pooling", "grad_factor") if k in listener_cfg
    }
    return {**of_listener, **model_cfg, **ours}

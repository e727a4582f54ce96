"""The library's model of a `transformer` component, with our own shim and forward pass."""

from functools import partial
from typing import Any, Callable, Dict, List

from spacy.tokens import Doc, Span
from spacy_transformers.data_classes import FullTransformerBatch
from spacy_transformers.layers.hf_shim import HFShim
from spacy_transformers.layers.split_trf import split_trf_batch
from spacy_transformers.layers.transformer_model import TransformerModel
from spacy_transformers.span_getters import get_doc_spans
from thinc.api import Model, chain

from ..compat.spacy_transformers import (
    LoadsNoFolder,
    objects_of,
    replace_shim,
    settings_of,
    shim_of,
)
from ..compat.thinc import change_class, replace_forward, uses_mixed_precision
from ..loading import is_out_of_memory
from ..registry import block_of
from .loading import load_pretrained
from .shim import EncoderShim, SavedEncoderError
from .span_input import read_spans
from .stock_forward import forward, run_part
from .trial import try_encoder
from .window_input import read_windows

SpanGetter = Callable[[List[Doc]], List[List[Span]]]


class EncoderModel(LoadsNoFolder, TransformerModel):
    """The library's model with our own shim."""

    def __init__(self, name: str, get_spans: SpanGetter, shim: EncoderShim) -> None:
        super().__init__(name, get_spans)
        replace_shim(self, shim)

    def copy(self) -> Any:
        """RETURNS (Model): The library's copy, which also keeps the width."""
        copied = super().copy()
        copied.set_dim("nO", self.maybe_get_dim("nO"))
        return copied

    def from_bytes(self, bytes_data: bytes) -> Any:
        """Load the model.

        bytes_data (bytes): The file `model` of the component.
        RETURNS (Model): This model.
        RAISES (SavedEncoderError): If the file is damaged, belongs to another component, or would
            do more than load.
        """
        try:
            return super().from_bytes(bytes_data)
        except SavedEncoderError:
            raise
        # thinc may raise anything if the file is truncated or has another structure.
        except Exception as err:
            if is_out_of_memory(err):
                raise
            problem = f"it is damaged or from another component ({type(err).__name__}: {err})"
            raise shim_of(self).refusal([problem]) from err

    def folder_refusal(self) -> SavedEncoderError:
        """RETURNS (SavedEncoderError): Why a folder isn't loaded: see `LoadsNoFolder`."""
        return SavedEncoderError(
            "The 'model' of the saved component is a folder, or can't be read. A model with "
            '@architectures = "spacy_mtl.TransformerModel.v1" is saved as a file. Folders aren\'t '
            "loaded, as they could contain code. Copy the pipeline again from where it was saved. "
            "Load a pipeline of spacy-transformers 1.0 with its own architecture and save it again."
        )


def with_our_forward(
    model: Any, mixed_precision: bool, precision: str, engine: str
) -> Model[List[Doc], FullTransformerBatch]:
    """Give the library's model our own forward pass and listener replacement.

    model (EncoderModel): The model, modified in place.
    mixed_precision (bool): Whether it computes in float16 where it can.
    precision (str): See `computing`.
    engine (str): See `find_engine`.
    RETURNS (Model[List[Doc], FullTransformerBatch]): The same model.
    """
    is_ours = model.attrs["get_spans"] is whole_documents
    # Mixed precision scales and unscales all gradients in every backward pass.
    replace_forward(
        model,
        partial(
            forward,
            read=read_windows if is_ours else read_spans,
            run=partial(run_part, precision=precision, engine=engine),
            in_one_batch=mixed_precision,
        ),
    )
    shim_of(model).precision = precision
    model.init = _init
    model.attrs["replace_listener"] = partial(_replace_listener, precision, engine)
    model.attrs["replace_listener_cfg"] = _replace_listener_cfg
    return model


def whole_documents(docs: List[Doc]) -> List[List[Span]]:
    """Serve as a placeholder for the library's span getter. Our windows don't come from it."""
    return get_doc_spans(docs)


def is_stock_transformer(model: Model) -> bool:
    """RETURNS (bool): Whether a model is the library's own, not a modified one."""
    return type(model) is TransformerModel and type(shim_of(model)) is HFShim


def adopt_transformer(model: Any) -> Model[List[Doc], FullTransformerBatch]:
    """Turn the library's model into one of ours, which also accepts batches without words.

    model (TransformerModel): The library's model with weights. The new model takes its shim.
    RETURNS (Model[List[Doc], FullTransformerBatch]): A model with the same output.
    """
    shim = shim_of(model)
    change_class(shim, EncoderShim)
    adopted: Any = EncoderModel(model.attrs["name"], model.attrs["get_spans"], shim)
    adopted.attrs["has_transformer"] = True
    adopted.set_dim("nO", model.get_dim("nO"))
    return with_our_forward(adopted, uses_mixed_precision(shim), "fp32", "torch")


def _init(model: Any, X: Any = None, Y: Any = None) -> None:
    if model.attrs["has_transformer"]:
        return
    where = block_of("spacy_mtl.TransformerModel.v1")
    shim = shim_of(model)
    loaded = load_pretrained(model.attrs["name"], *settings_of(objects_of(shim)), where)
    width = try_encoder(loaded.tokenizer, loaded.transformer, where)
    shim.take(loaded)
    model.attrs["has_transformer"] = True
    model.set_dim("nO", width)


def _replace_listener(precision: str, engine: str, model: Any) -> Model:
    # The library's copies of a model lose our changes, and the mark that it has weights.
    shim = shim_of(model)
    shim.owner = None
    copied: Any = EncoderModel(model.attrs["name"], model.attrs["get_spans"], shim)
    copied.attrs["has_transformer"] = True
    copied.set_dim("nO", model.get_dim("nO"))
    ours = with_our_forward(copied, uses_mixed_precision(shim), precision, engine)
    return chain(ours, split_trf_batch())


def _replace_listener_cfg(
    model_cfg: Dict[str, Any], listener_cfg: Dict[str, Any]
) -> Dict[str, Any]:
    ours = {"@architectures": "spacy_mtl.Tok2VecTransformer.v1"}
    of_listener: Dict[str, Any] = {
        k: listener_cfg[k] for k in ("pooling", "grad_factor") if k in listener_cfg
    }
    return {**of_listener, **model_cfg, **ours}

"""The library's model of a `transformer` component, with a shim and a forward pass of ours."""

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
from .loading import load_pretrained
from .shim import EncoderShim, SavedEncoderError
from .span_input import read_spans
from .stock_forward import forward, run_part
from .trial import try_encoder
from .window_input import read_windows

SpanGetter = Callable[[List[Doc]], List[List[Span]]]


class EncoderModel(LoadsNoFolder, TransformerModel):
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


def with_our_forward(
    model: Any, mixed_precision: bool, precision: str
) -> Model[List[Doc], FullTransformerBatch]:
    """Have a model of the library's read and compute in our way, and be replaced by one of ours.

    model (EncoderModel): The model. It is changed.
    mixed_precision (bool): Whether it computes in float16 where it can.
    precision (str): See `computing`.
    RETURNS (Model[List[Doc], FullTransformerBatch]): The same.
    """
    is_ours = model.attrs["get_spans"] is whole_documents
    # Mixed precision scales and unscales all gradients with every backward pass.
    replace_forward(
        model,
        partial(
            forward,
            read=read_windows if is_ours else read_spans,
            run=partial(run_part, precision=precision),
            in_one_batch=mixed_precision,
        ),
    )
    model.init = _init
    model.attrs["replace_listener"] = partial(_replace_listener, precision)
    model.attrs["replace_listener_cfg"] = _replace_listener_cfg
    return model


def whole_documents(docs: List[Doc]) -> List[List[Span]]:
    """Stand where the library wants a getter of spans. Windows do not come from it."""
    return get_doc_spans(docs)


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
    adopted: Any = EncoderModel(model.attrs["name"], model.attrs["get_spans"], shim)
    adopted.attrs["has_transformer"] = True
    adopted.set_dim("nO", model.get_dim("nO"))
    return with_our_forward(adopted, uses_mixed_precision(shim), "fp32")


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


def _replace_listener(precision: str, model: Any) -> Model:
    # The library's copies of a model forget how it was changed, and that it has weights.
    shim = shim_of(model)
    shim.owner = None
    copied: Any = EncoderModel(model.attrs["name"], model.attrs["get_spans"], shim)
    copied.attrs["has_transformer"] = True
    copied.set_dim("nO", model.get_dim("nO"))
    return chain(with_our_forward(copied, uses_mixed_precision(shim), precision), split_trf_batch())


def _replace_listener_cfg(
    model_cfg: Dict[str, Any], listener_cfg: Dict[str, Any]
) -> Dict[str, Any]:
    ours = {"@architectures": "spacy_mtl.Tok2VecTransformer.v1"}
    of_listener: Dict[str, Any] = {
        k: listener_cfg[k] for k in ("pooling", "grad_factor") if k in listener_cfg
    }
    return {**of_listener, **model_cfg, **ours}

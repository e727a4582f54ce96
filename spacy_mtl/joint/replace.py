"""Support `nlp.replace_listeners`, which gives a head an encoder of its own."""

import copy
import weakref
from typing import Any, Dict, Optional, Tuple

from spacy.language import Language
from spacy.util import replace_model_node
from thinc.api import Model

from ..compat.thinc import renew_ids
from .pipeline import Pipeline, upstream_listeners


def offer_replacement(pipeline: Pipeline) -> None:
    """Let spaCy replace a head's listeners with a copy of the shared encoder.

    pipeline (Pipeline): The pipeline around the joint component.
    """
    pipeline.model.attrs["replace_listener"] = Replacement(pipeline)
    pipeline.model.attrs["replace_listener_cfg"] = ReplacementConfig(pipeline)


class _OfPipeline:
    """A callback that spaCy calls without the pipeline, although it needs it.

    The pipeline is run state: copies, pickles and saved models leave it out.
    """

    def __init__(self, pipeline: Optional[Pipeline] = None) -> None:
        self._pipeline = None if pipeline is None else weakref.ref(pipeline)

    def pipeline(self) -> Optional[Pipeline]:
        """RETURNS (Optional[Pipeline]): The pipeline around the joint component, if known."""
        return None if self._pipeline is None else self._pipeline()

    def __deepcopy__(self, memo: Dict) -> "_OfPipeline":
        return self

    def __reduce__(self) -> Tuple:
        return type(self), ()


class Replacement(_OfPipeline):
    """Make the encoder that replaces a head's listener."""

    def __call__(self, model: Model, listener: Model, component: Any) -> Model:
        """Copy the shared encoder.

        model (Model): spaCy's copy of the joint component's model. Not used, because
            thinc's copies lack refs and keep the ids of shims, so two encoders would
            share one entry in the optimizer.
        listener (Model): The listener to replace.
        component (MultiTask): The joint component.
        RETURNS (Model[List[Doc], List[Floats2d]]): An encoder with weights of its own.
        """
        # Imported here because these modules need transformers.
        from ..encoder.stock_model import adopt_transformer, is_stock_transformer
        from ..encoder.transformer_output import pool_without_tokens

        tok2vec = copy_with_new_ids(component.model.get_ref("tok2vec"))
        for node in upstream_listeners(tok2vec):
            encoder = copy_with_new_ids(_upstream(self.pipeline(), component.name)[2].model)
            if is_stock_transformer(encoder):
                encoder = adopt_transformer(encoder)
            replace_func = encoder.attrs.get("replace_listener")
            if replace_func is not None:
                encoder = replace_func(encoder)
            if node is tok2vec:
                return encoder
            replace_model_node(tok2vec, node, encoder)
        for node in tok2vec.walk():
            if node.name == "trfs2arrays":
                pool_without_tokens(node)
        return tok2vec


class ReplacementConfig(_OfPipeline):
    """Make the config of the encoder that replaces a head's listener.

    spaCy only passes two blocks of the config, but the block of the encoder belongs to
    a third component.
    """

    def __call__(self, model_cfg: Dict[str, Any], listener_cfg: Dict[str, Any]) -> Dict[str, Any]:
        """Copy the block of the shared encoder.

        model_cfg (Dict[str, Any]): The config block of the joint component's model.
        listener_cfg (Dict[str, Any]): The config block of the listener.
        RETURNS (Dict[str, Any]): The config block of the encoder.
        """
        tok2vec_cfg = dict(model_cfg["tok2vec"])
        pipeline = self.pipeline()
        if pipeline is None or not pipeline.upstream_listeners:
            return tok2vec_cfg
        from ..encoder.stock_model import is_stock_transformer

        nlp, name, pipe = _upstream(pipeline, pipeline.name)
        encoder_cfg = nlp.get_pipe_config(name)["model"]
        replace_func = pipe.model.attrs.get("replace_listener_cfg")
        config = replace_func(encoder_cfg, tok2vec_cfg) if replace_func else dict(encoder_cfg)
        if is_stock_transformer(pipe.model):
            config["@architectures"] = "spacy_mtl.Tok2VecTransformer.v1"
        return config


def copy_with_new_ids(model: Model) -> Model:
    """Copy a model so that optimizers treat the copy as a different model.

    model (Model): The model.
    RETURNS (Model): The copy, with the same layers, shims, refs and subclasses.
    """
    copied = copy.deepcopy(model)
    renew_ids(copied)
    return copied


def _upstream(pipeline: Optional[Pipeline], name: str) -> Tuple[Language, str, Any]:
    nlp = None if pipeline is None else pipeline.nlp
    found = [] if pipeline is None or nlp is None else pipeline.upstream()
    if nlp is None or not found:
        raise ValueError(
            f"Can't give a head an encoder of its own: the component that '{name}' listens "
            "to was not found. Call nlp.replace_listeners on the pipeline that 'mtl' was "
            "created or initialized in, before sourcing the head elsewhere."
        )
    return nlp, *found[0]

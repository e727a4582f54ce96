"""Support `nlp.replace_listeners`, which gives a head an encoder of its own.

If the scheme's views differ from the shared representation, it also gets the scheme.
"""

import copy
import weakref
from typing import Any, Dict, Iterator, Optional, Tuple

from spacy.language import Language
from spacy.util import replace_model_node
from thinc.api import Model

from ..compat.thinc import renew_ids
from ..sharing.contract import scheme_of
from ..sharing.scheme import make_scheme
from ..sharing.task_view import view_of
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

    def __call__(self, model: Model, listener: Any, component: Any) -> Model:
        """Copy the shared encoder, and the sharing scheme if views differ.

        model (Model): spaCy's copy of the joint component's model. Not used, because
            thinc's copies lack refs and keep the ids of shims, so two encoders would
            share one entry in the optimizer.
        listener (Model): The listener to replace.
        component (MultiTask): The joint component.
        RETURNS (Model[List[Doc], List[Floats2d]]): A model with weights of its own.
        """
        tok2vec = self._encoder(component)
        sharing = component.model.get_ref("sharing")
        if not scheme_of(sharing).has_own_views:
            return tok2vec
        scheme = make_scheme(component.model.name, tok2vec, copy_with_new_ids(sharing))
        if not scheme.has_dim("nO"):
            scheme.set_dim("nO", component.model.get_dim("nO"))
        return view_of(scheme, listener.task)

    def _encoder(self, component: Any) -> Model:
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
        """Copy the block of the shared encoder, and the sharing scheme's if views differ.

        model_cfg (Dict[str, Any]): The config block of the joint component's model.
        listener_cfg (Dict[str, Any]): The config block of the listener.
        RETURNS (Dict[str, Any]): The config block of the model.
        """
        tok2vec_cfg = self._encoder(model_cfg)
        pipeline = self.pipeline()
        if pipeline is None:
            return tok2vec_cfg
        scheme = scheme_of(pipeline.model.get_ref("sharing"))
        if not scheme.has_own_views:
            return tok2vec_cfg
        return {
            "@architectures": "spacy_mtl.TaskView.v1",
            "tasks": list(scheme.tasks),
            "task": _task_of(pipeline, listener_cfg),
            "scheme": {**model_cfg, "tok2vec": tok2vec_cfg},
        }

    def _encoder(self, model_cfg: Dict[str, Any]) -> Dict[str, Any]:
        tok2vec_cfg = dict(model_cfg["tok2vec"])
        pipeline = self.pipeline()
        if pipeline is None or not pipeline.upstream_listeners:
            return tok2vec_cfg
        from ..encoder.stock_model import is_stock_transformer

        nlp, name, pipe = _upstream(pipeline, pipeline.name)
        encoder_cfg = nlp.get_pipe_config(name)["model"]
        replace_func = pipe.model.attrs.get("replace_listener_cfg")
        config: Dict[str, Any] = dict(encoder_cfg)
        if replace_func:
            config = replace_func(encoder_cfg, tok2vec_cfg)
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


def _task_of(pipeline: Pipeline, listener_cfg: Dict[str, Any]) -> str:
    """Find the head whose config contains this very block: spaCy doesn't name it.

    RETURNS (str): The name of the head.
    """
    nlp = pipeline.nlp
    if nlp is not None:
        for task in pipeline.tasks:
            if any(block is listener_cfg for block in _blocks(nlp.get_pipe_config(task))):
                return task
    raise ValueError(
        "Can't give a head its own copy of the encoder: the config of its listener is not part of "
        "this pipeline. Call nlp.replace_listeners on the pipeline that contains the head."
    )


def _blocks(config: Any) -> Iterator[Dict[str, Any]]:
    if isinstance(config, dict):
        yield config
        for value in config.values():
            yield from _blocks(value)

"""`nlp.replace_listeners`: give a head an encoder of its own."""

import copy
import weakref
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

from spacy.language import Language
from spacy.util import replace_model_node
from thinc.api import Model
from thinc.shims.shim import Shim

from .upstream import find_upstream, upstream_listeners

if TYPE_CHECKING:
    from .component import MultiTask


def offer_replacement(component: "MultiTask") -> None:
    """Let spaCy replace the listeners of a head by a copy of the shared encoder.

    component (MultiTask): The joint component.
    """
    component.model.attrs["replace_listener"] = replace_listener
    component.model.attrs["replace_listener_cfg"] = ReplacementConfig(component)


def replace_listener(model: Model, listener: Model, component: "MultiTask") -> Model:
    """Make the encoder that takes the place of a head's listener.

    model (Model): spaCy's copy of the joint component's model. Not used: thinc's
        copies lack refs and keep the ids of shims, so that two encoders would
        share one entry of the optimiser.
    listener (Model): The listener to be replaced.
    component (MultiTask): The joint component.
    RETURNS (Model[List[Doc], List[Floats2d]]): Encoder with weights of its own.
    """
    # What needs transformers is imported where there is one.
    from ..encoder.transformer_model import adopt_transformer, is_stock_transformer
    from ..encoder.transformer_output import pool_without_tokens

    tok2vec = copy_with_new_ids(component.model.get_ref("tok2vec"))
    for node in upstream_listeners(tok2vec):
        encoder = copy_with_new_ids(_upstream(component)[2].model)
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


class ReplacementConfig:
    """Makes the config of the encoder that takes the place of a head's listener.

    spaCy calls this with two blocks of the config and nothing else, but the block
    of the encoder is that of a third component. It is run state: no copy, pickle
    or saved model takes it along.
    """

    def __init__(self, component: Optional["MultiTask"] = None) -> None:
        self._component = None if component is None else weakref.ref(component)

    def __call__(self, model_cfg: Dict[str, Any], listener_cfg: Dict[str, Any]) -> Dict[str, Any]:
        tok2vec_cfg = dict(model_cfg["tok2vec"])
        component = None if self._component is None else self._component()
        if component is None or not upstream_listeners(component.model):
            return tok2vec_cfg
        from ..encoder.transformer_model import is_stock_transformer

        nlp, name, pipe = _upstream(component)
        encoder_cfg = nlp.get_pipe_config(name)["model"]
        replace_func = pipe.model.attrs.get("replace_listener_cfg")
        config = replace_func(encoder_cfg, tok2vec_cfg) if replace_func else dict(encoder_cfg)
        if is_stock_transformer(pipe.model):
            config["@architectures"] = "spacy_mtl.Tok2VecTransformer.v1"
        return config

    def __deepcopy__(self, memo: Dict) -> "ReplacementConfig":
        return self

    def __reduce__(self) -> Tuple:
        return ReplacementConfig, ()


def copy_with_new_ids(model: Model) -> Model:
    """Copy a model so that an optimiser takes the copy for another model.

    model (Model): The model. Its layers, shims, refs and subclasses are kept.
    RETURNS (Model): The copy.
    """
    copied = copy.deepcopy(model)
    for node in copied.walk():
        params = {name: node.get_param(name) for name in node.param_names if node.has_param(name)}
        with Model.global_id_lock:
            Model.global_id += 1
            node.id = Model.global_id
        for name, value in params.items():
            node.set_param(name, value)
        for shim in node.shims:
            with Shim.global_id_lock:
                Shim.global_id += 1
                shim.id = Shim.global_id
    return copied


def _upstream(component: "MultiTask") -> Tuple[Language, str, Any]:
    nlp = component.nlp
    found = [] if nlp is None else find_upstream(nlp, upstream_listeners(component.model))
    if nlp is None or not found:
        raise ValueError(
            f"Can't give a head an encoder of its own: the component that '{component.name}' "
            "listens to was not found. Do it on the pipeline that 'mtl' was made or "
            "initialised in, before sourcing the head elsewhere."
        )
    return nlp, *found[0]

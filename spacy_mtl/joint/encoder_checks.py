"""Checks of the encoder: is it connected, of the right width, supported, ready, and did it run?"""

from typing import Any, Dict, Sequence

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model

from ..compat.thinc import network_of, uses_mixed_precision
from ..encoder.mode import shims_of
from .pipeline import Pipeline, find_upstream


def check_connected(pipeline: Pipeline, nlp: Language) -> None:
    """Refuse a joint component whose upstream encoder is missing or has no weights.

    pipeline (Pipeline): The pipeline around the joint component, which isn't initialized yet.
    nlp (Language): The pipeline itself.
    RAISES (ValueError): If there is no such encoder before it, or it was not initialized.
    """
    name = pipeline.name
    for node in pipeline.upstream_listeners:
        where = f"[components.{name}.model.tok2vec]"
        if not find_upstream(nlp, [node]):
            before = nlp.component_names[: nlp.component_names.index(name)]
            raise ValueError(
                f"'{name}' listens to an encoder (upstream = '{node.upstream_name}'), but no "
                f"encoder of that name comes before it (before it: {', '.join(before) or 'none'}). "
                f"Put 'transformer' before '{name}' in [nlp.pipeline], set 'upstream' in {where}, "
                "or give it an encoder of its own there."
            )
        if node.has_dim("nO") is None:
            raise ValueError(
                f"The encoder that '{name}' listens to was not initialized. A component can only "
                "be frozen or disabled if it is trained: set its 'source' in [components], or "
                "remove it from [training.frozen_components]."
            )


def check_width(pipeline: Pipeline, nlp: Language) -> None:
    """Refuse an encoder whose width differs from the one the joint component was trained with.

    pipeline (Pipeline): The pipeline around the joint component.
    nlp (Language): The pipeline itself.
    RAISES (ValueError): If an upstream listener expects a different width.
    """
    for node in pipeline.upstream_listeners:
        for upstream, pipe in find_upstream(nlp, [node]):
            expected, found = node.maybe_get_dim("nO"), pipe.model.maybe_get_dim("nO")
            if expected and found and expected != found:
                raise ValueError(
                    f"The component '{upstream}' produces vectors of width {found}, but "
                    f"'{pipeline.name}', which listens to it, was trained with a width of "
                    f"{expected}. The file 'model' of '{upstream}' or of '{pipeline.name}' comes "
                    "from another pipeline. Copy both from the same pipeline, or initialize and "
                    "train both again."
                )


def check_exact(models: Dict[str, Model]) -> None:
    """Refuse encoders whose gradients at the parameters would not be exact.

    models (Dict[str, Model]): Models by component name.
    RAISES (ValueError): If a model uses mixed precision, or is neither thinc nor torch.
    """
    for name, model in models.items():
        for shim in shims_of([model]):
            if uses_mixed_precision(shim):
                raise ValueError(
                    f'gradients = "parameters" runs one backward pass per task, and with '
                    f"mixed_precision = true in [components.{name}.model] each pass would "
                    "rescale the gradients of the others. Set mixed_precision = false, or "
                    'gradients = "representation" with a weighting that works there, such as '
                    'spacy_mtl.Constant.v1. The setting precision = "bf16" of '
                    "spacy_mtl.TransformerModel.v1 works with both."
                )
            network = network_of(shim)
            if network is not None and not hasattr(network, "named_parameters"):
                raise ValueError(
                    f'gradients = "parameters" supports layers of thinc and torch, but the '
                    f"model of the component '{name}' has a {type(shim).__name__}. Set "
                    'gradients = "representation" with a weighting that works there, such as '
                    "spacy_mtl.Constant.v1."
                )


def check_initialized(name: str, model: Model) -> None:
    """Refuse to train an encoder that has no weights yet.

    name (str): The name of the joint component.
    model (Model): The model of the joint component.
    RAISES (ValueError): If it was not initialized.
    """
    nodes = [model, *model.get_ref("tok2vec").walk()]
    has_weights = all(node.has_param(key) for node in nodes for key in node.param_names)
    has_networks = all(network_of(shim) is not None for node in nodes for shim in node.shims)
    if not (has_weights and has_networks):
        raise ValueError(
            f"The encoder of the component '{name}' has no weights yet: call nlp.initialize(), or "
            "load a trained pipeline. A frozen component must be trained: set its 'source' in "
            "[components]."
        )


def check_annotated(name: str, listeners: Sequence[Any], docs: Sequence[Doc]) -> None:
    """Refuse to predict from the zeros that a listener fills in for missing vectors.

    name (str): The name of the joint component.
    listeners (Sequence[Model]): The upstream listeners of the joint component.
    docs (Sequence[Doc]): The documents to predict.
    RAISES (ValueError): If the upstream component did not run on a document.
    """
    for node in listeners:
        for doc in docs:
            if len(doc) and _lacks_upstream(node, doc):
                raise ValueError(
                    f"'{name}' needs the output of the encoder component (upstream = "
                    f"'{node.upstream_name}') for the text {doc.text[:60]!r}, but the encoder did "
                    f"not run on it. Enable the encoder, and put it before '{name}'. In training, "
                    f"also list it in [training.annotating_components] before '{name}'."
                )


def _lacks_upstream(node: Any, doc: Doc) -> bool:
    if isinstance(node, Tok2VecListener):
        return bool(doc.tensor.size == 0)
    return not Doc.has_extension("trf_data") or doc._.trf_data is None

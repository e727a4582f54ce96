"""What the joint component refuses: pipelines in which not everybody would learn as meant.

`CHECKS` is run whenever the pipeline has changed. What is asked at other times follows.
"""

from typing import Any, Callable, Dict, Iterable, Sequence, Tuple

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model

from ..compat.thinc import network_of, uses_mixed_precision
from ..tasks.task import Task
from .pipeline import Pipeline, find_upstream


def check_only_one(around: Pipeline, nlp: Language) -> None:
    """Refuse a second joint component.

    around (Pipeline): The joint component.
    nlp (Language): The pipeline.
    RAISES (ValueError): If another component is of its class.
    """
    for other, pipe in nlp.components:
        if around.is_alike(pipe):
            refuse_second(other, around.name)


def refuse_second(first: str, second: str) -> None:
    """Refuse to have two joint components.

    first (str): The name of one of them.
    second (str): The name of the other.
    RAISES (ValueError): Always.
    """
    raise ValueError(
        f"The pipeline has two components of factory 'mtl': '{first}' and '{second}'. "
        "One joins all tasks of a pipeline. Take one out of [nlp.pipeline], and let the "
        "'upstream' of every spacy_mtl.TaskListener.v1 name the other."
    )


def check_tensor_is_ours(around: Pipeline, nlp: Language) -> None:
    """Refuse another component that writes `doc.tensor`, where the heads read.

    around (Pipeline): The joint component. It may listen to one that does.
    nlp (Language): The pipeline.
    RAISES (ValueError): If there is one.
    """
    upstream = [name for name, _ in find_upstream(nlp, around.upstream_listeners)]
    for other in nlp.pipe_names:
        writes = "doc.tensor" in nlp.get_pipe_meta(other).assigns
        if writes and other != around.name and other not in upstream:
            raise ValueError(
                f"The component '{other}' writes doc.tensor, and so does '{around.name}': the "
                f"heads of one would read the other's. Make the heads of '{other}' tasks of "
                f"'{around.name}' (a spacy_mtl.TaskListener.v1 as their tok2vec), or give them an "
                f"encoder of their own: nlp.replace_listeners('{other}', HEAD, ['model.tok2vec'])."
            )


def check_all_served(around: Pipeline, nlp: Language) -> None:
    """Refuse listeners that no component serves: such a head would train on nothing.

    Stock configs have upstream = "*", and the joint component adopts only listeners that
    name it. After a component was renamed or removed its listeners name nobody.

    around (Pipeline): The joint component.
    nlp (Language): The pipeline.
    RAISES (ValueError): If there is one.
    """
    served = {id(node) for _, pipe in nlp.components for node in getattr(pipe, "listeners", [])}
    for head, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        for node in model.walk() if isinstance(model, Model) else []:
            if isinstance(node, Tok2VecListener) and id(node) not in served:
                is_lost = node.upstream_name not in nlp.component_names
                if is_lost and head in nlp.pipe_names:
                    raise ValueError(
                        f"The component '{head}' listens to '{node.upstream_name}', and no "
                        "component of that name serves it. Set "
                        f"[components.{head}.model.tok2vec] to @architectures = "
                        f'"spacy_mtl.TaskListener.v1", upstream = "{around.name}".'
                    )


def check_no_rival(around: Pipeline, nlp: Language) -> None:
    """Refuse a second component that listens to the same encoder.

    spaCy runs the encoder's backward pass in the callback of the last listener
    only, and drops every gradient if that one is silent.

    around (Pipeline): The joint component.
    nlp (Language): The pipeline.
    RAISES (ValueError): If there is another listener.
    """
    for upstream, pipe in find_upstream(nlp, around.upstream_listeners):
        for rival in pipe.listening_components:
            if rival != around.name:
                raise ValueError(
                    f"The component '{rival}' listens to '{upstream}' beside '{around.name}'. The "
                    "one that stands last would decide alone whether the encoder gets any "
                    f"gradient. Make '{rival}' a task: set its [components.{rival}.model.tok2vec] "
                    f'to @architectures = "spacy_mtl.TaskListener.v1", upstream = '
                    f"\"{around.name}\", and place it after '{around.name}'."
                )


def check_output(around: Pipeline, nlp: Language) -> None:
    """Refuse stock components with a model of this package's heads.

    Those take probabilities and would be given logits.

    around (Pipeline): The joint component.
    nlp (Language): The pipeline.
    RAISES (ValueError): If there is one.
    """
    for task, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        gives_logits = isinstance(model, Model) and "unit" in model.attrs
        if task in around.tasks and gives_logits and not isinstance(pipe, Task):
            raise ValueError(
                f"The component '{task}' (factory '{nlp.get_pipe_meta(task).factory}') takes a "
                "model that ends in probabilities, but its model gives logits, for a head of this "
                f"package. Set 'factory' in [components.{task}] to one of its heads (mtl_tagger, "
                "mtl_ner, mtl_textcat, mtl_textcat_multilabel), or '@architectures' in "
                f"[components.{task}.model] to one of spaCy's models."
            )


#: What is asked when the pipeline has changed.
CHECKS: Tuple[Callable[[Pipeline, Language], None], ...] = (
    check_only_one,
    check_tensor_is_ours,
    check_all_served,
    check_no_rival,
    check_output,
)


def check_around(around: Pipeline, nlp: Language) -> None:
    """Run all of `CHECKS`.

    around (Pipeline): The joint component.
    nlp (Language): The pipeline.
    RAISES (ValueError): If one of them refuses the pipeline.
    """
    for check in CHECKS:
        check(around, nlp)


def check_scheme(model: Model, name: str) -> None:
    """Refuse a model that is not a sharing scheme.

    model (Model): The model of the joint component.
    name (str): Its name.
    RAISES (ValueError): If it isn't one.
    """
    if not (model.has_ref("tok2vec") and model.has_ref("sharing")):
        raise ValueError(
            f"The model of the component '{name}' ({model.name[:60]}) is no sharing scheme. If "
            f"it is the encoder, move its block to [components.{name}.model.tok2vec], and set "
            f'@architectures = "spacy_mtl.HardSharing.v1" in [components.{name}.model].'
        )


def check_gradients(gradients: Any, known: Iterable[str], name: str) -> None:
    """Refuse an unknown place for gradients to meet.

    gradients (Any): The setting.
    known (Iterable[str]): What there is.
    name (str): The joint component.
    RAISES (ValueError): If it is none of these.
    """
    if gradients not in known:
        raise ValueError(
            f"'gradients' of the component '{name}' is {gradients!r}, but it is one of: "
            f"{', '.join(known)}. Set it in [components.{name}]."
        )


def check_connected(around: Pipeline, nlp: Language) -> None:
    """Refuse listeners that no encoder before them serves, or one without weights.

    around (Pipeline): The joint component, before it is initialised.
    nlp (Language): The pipeline.
    RAISES (ValueError): If there is no such encoder, or it was not initialised.
    """
    name = around.name
    for node in around.upstream_listeners:
        where = f"[components.{name}.model.tok2vec]"
        if not find_upstream(nlp, [node]):
            before = nlp.component_names[: nlp.component_names.index(name)]
            raise ValueError(
                f"'{name}' listens to an encoder (upstream = '{node.upstream_name}'), but none of "
                f"that name stands before it. Before it stand: {', '.join(before) or 'none'}. Put "
                f"'transformer' before '{name}' in [nlp.pipeline], set 'upstream' in {where}, or "
                "give it an encoder of its own there."
            )
        if node.has_dim("nO") is None:
            raise ValueError(
                f"The encoder to which '{name}' listens was not initialised. A component can be "
                "frozen or disabled only if it is trained: give it a 'source' in [components], or "
                "take it out of [training.frozen_components]."
            )


def check_width(around: Pipeline, nlp: Language) -> None:
    """Refuse an encoder that gives other vectors than the joint component was trained with.

    around (Pipeline): The joint component.
    nlp (Language): The pipeline.
    RAISES (ValueError): If one of its listeners expects another width.
    """
    for node in around.upstream_listeners:
        for upstream, pipe in find_upstream(nlp, [node]):
            expected, found = node.maybe_get_dim("nO"), pipe.model.maybe_get_dim("nO")
            if expected and found and expected != found:
                raise ValueError(
                    f"The component '{upstream}' gives vectors of width {found}, but "
                    f"'{around.name}', which listens to it, was trained with a width of "
                    f"{expected}: the file 'model' of '{upstream}' or of '{around.name}' is that "
                    "of another pipeline. Copy both from one pipeline, or initialise and train "
                    "both anew."
                )


def check_exact(models: Dict[str, Model]) -> None:
    """Refuse encoders whose gradients at the parameters would not be exact.

    models (Dict[str, Model]): By the name of the component.
    RAISES (ValueError): If one computes in mixed precision, or is no thinc or torch model.
    """
    for name, model in models.items():
        for shim in (shim for node in model.walk() for shim in node.shims):
            if uses_mixed_precision(shim):
                raise ValueError(
                    f'gradients = "parameters" takes one backward pass a task, and with '
                    f"mixed_precision = true in [components.{name}.model] each of them would "
                    "rescale the gradients of the others. Set mixed_precision = false, or "
                    'gradients = "representation"; precision = "bf16" of '
                    "spacy_mtl.TransformerModel.v1 goes with both."
                )
            network = network_of(shim)
            if network is not None and not hasattr(network, "named_parameters"):
                raise ValueError(
                    f'gradients = "parameters" knows layers of thinc and torch, but the model '
                    f"of the component '{name}' has a {type(shim).__name__}. Set "
                    'gradients = "representation".'
                )


def check_initialized(name: str, model: Model) -> None:
    """Refuse to train an encoder that has no weights yet.

    name (str): The name of the joint component.
    model (Model): Its model.
    RAISES (ValueError): If it was not initialised.
    """
    nodes = [model, *model.get_ref("tok2vec").walk()]
    has_weights = all(node.has_param(key) for node in nodes for key in node.param_names)
    has_networks = all(network_of(shim) is not None for node in nodes for shim in node.shims)
    if not (has_weights and has_networks):
        raise ValueError(
            f"The encoder of the component '{name}' has no weights yet: call nlp.initialize(), or "
            "load a trained pipeline. A component that is frozen must be trained: give it a "
            "'source' in [components]."
        )


def check_annotated(name: str, listeners: Sequence[Any], docs: Sequence[Doc]) -> None:
    """Refuse to predict from the zeros that a listener makes up.

    name (str): The name of the joint component.
    listeners (Sequence[Model]): Its listeners.
    docs (Sequence[Doc]): The documents to predict.
    RAISES (ValueError): If the component upstream did not run on a document.
    """
    for node in listeners:
        for doc in docs:
            if len(doc) and _lacks_upstream(node, doc):
                raise ValueError(
                    f"'{name}' needs the output of the encoder component (upstream = "
                    f"'{node.upstream_name}') for the text {doc.text[:60]!r}, but that did not "
                    f"run on it. Enable it, and put it before '{name}'; in training, name it in "
                    f"[training.annotating_components] before '{name}'."
                )


def _lacks_upstream(node: Any, doc: Doc) -> bool:
    if isinstance(node, Tok2VecListener):
        return bool(doc.tensor.size == 0)
    return not Doc.has_extension("trf_data") or doc._.trf_data is None

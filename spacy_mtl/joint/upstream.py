"""What the joint component itself listens to: a `transformer` or a `tok2vec`."""

import inspect
from contextlib import contextmanager
from functools import partial
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model

from ..encoder.loading import EncoderError, explain_failure

_RUN_STATE = ("_batch_id", "_outputs", "_backprop")


def upstream_listeners(model: Model) -> List[Any]:
    """Find the layers through which a model listens to a component before it.

    model (Model): The model of the joint component.
    RETURNS (List[Model]): TransformerListener and Tok2VecListener nodes. They
        share no base class, and spacy-transformers need not be installed for the
        latter.
    """
    return [node for node in model.walk() if hasattr(node, "upstream_name")]


class HeldCallbacks:
    """The run state of upstream listeners, kept for the backward pass of a step.

    `TransformerListener.backprop_and_clear` looks its callback up when called. By
    the time a late step closes, the listener holds the next batch's. Here each
    step keeps its own, and the listeners hold none in between, so that they can
    be pickled.
    """

    def __init__(self, listeners: Sequence[Any]) -> None:
        self._held = [(node, _take(node)) for node in listeners]

    @contextmanager
    def restored(self, keep: bool = False) -> Iterator[None]:
        """Put the run state back for the time of a backward pass.

        keep (bool): Whether it is needed for another one.
        """
        others = [(node, _take(node)) for node, _ in self._held]
        _give(self._held)
        if not keep:
            self._held = []
        try:
            yield
        finally:
            _give(others)

    def put_back(self) -> None:
        """Give the listeners what they had."""
        _give(self._held)


class SentGradients:
    """Takes down what goes to the encoders upstream, where a step runs several passes.

    listeners (Sequence[Model]): The listeners of the joint component, before they run
        forward: a Tok2VecListener hands its callback on then.
    """

    def __init__(self, listeners: Sequence[Any]) -> None:
        #: What was sent, pass by pass.
        self.passes: List[List[Any]] = []
        # A Tok2Vec adds up what its listeners send, and would go on from the last pass.
        self._sums: List[Any] = []
        for node in listeners:
            callback = node._backprop
            if callback is not None:
                if isinstance(node, Tok2VecListener):
                    self._sums += _sums_of(callback)
                node._backprop = partial(self._note_and_call, callback)

    def begin_pass(self) -> None:
        """Take note that what comes now belongs to another pass."""
        self.passes.append([])
        for total in self._sums:
            total.fill(0)

    def _note_and_call(self, callback: Any, gradients: Any) -> Any:
        for gradient in gradients:
            self.passes[-1].extend(getattr(gradient, "tensors", [gradient]))
        return callback(gradients)


def _sums_of(callback: Any) -> Any:
    """RETURNS (List[Floats2d]): Where a Tok2Vec adds up gradients: a variable of its update."""
    found = inspect.getclosurevars(callback).nonlocals
    if "d_tokvecs" not in found:
        found = inspect.getclosurevars(found.get("accumulate_gradient", callback)).nonlocals
    if "d_tokvecs" not in found:
        raise RuntimeError(
            "This version of spaCy's Tok2Vec keeps gradients elsewhere, so that gradients = "
            "\"parameters\" is not possible behind a component of it. Give 'mtl' an encoder of its "
            'own in [components.mtl.model.tok2vec], or set gradients = "representation".'
        )
    return found["d_tokvecs"]


def drop_callbacks(listeners: Sequence[Any]) -> None:
    """Let go of the run state of a batch for which no step is opened.

    listeners (Sequence[Model]): The listeners of the joint component.
    """
    for node in listeners:
        _take(node)


def find_upstream(nlp: Language, listeners: Sequence[Any]) -> List[Tuple[str, Any]]:
    """Find the components that some listeners are connected to.

    RETURNS (List[Tuple[str, Pipe]]): Names and components, in pipeline order.
    """
    ids = {id(node) for node in listeners}
    return [
        (name, pipe)
        for name, pipe in nlp.components
        if any(id(node) in ids for node in getattr(pipe, "listeners", []))
    ]


def check_connected(nlp: Language, name: str, listeners: Sequence[Any]) -> None:
    """Refuse listeners that no encoder before them serves, or one without weights.

    nlp (Language): The pipeline.
    name (str): The name of the joint component.
    listeners (Sequence[Model]): The listeners of the joint component.
    RAISES (ValueError): If there is no such encoder, or it was not initialised.
    """
    for node in listeners:
        where = f"[components.{name}.model.tok2vec]"
        if not find_upstream(nlp, [node]):
            before = nlp.component_names[: nlp.component_names.index(name)]
            raise ValueError(
                f"'{name}' listens to an encoder (upstream = '{node.upstream_name}'), but none of "
                f"that name stands before it. Before it stand: {', '.join(before) or 'none'}. Put "
                f"'transformer' before '{name}' in [nlp.pipeline], mend 'upstream' in {where}, or "
                "give it an encoder of its own there."
            )
        if node.has_dim("nO") is None:
            raise ValueError(
                f"The encoder to which '{name}' listens was not initialised. A component can be "
                "frozen or disabled only if it is trained: give it a 'source' in [components], or "
                "take it out of [training.frozen_components]."
            )


def check_width(nlp: Language, name: str, listeners: Sequence[Any]) -> None:
    """Refuse an encoder that gives other vectors than the joint component was trained with.

    nlp (Language): The pipeline.
    name (str): The name of the joint component.
    listeners (Sequence[Model]): Its listeners.
    RAISES (ValueError): If one of them expects another width.
    """
    for node in listeners:
        for upstream_name, pipe in find_upstream(nlp, [node]):
            expected, found = node.maybe_get_dim("nO"), pipe.model.maybe_get_dim("nO")
            if expected and found and expected != found:
                raise ValueError(
                    f"The component '{upstream_name}' gives vectors of width {found}, but "
                    f"'{name}', which listens to it, was trained with a width of {expected}: the "
                    f"file 'model' of '{upstream_name}' or of '{name}' is that of another "
                    "pipeline. Copy both from one pipeline, or initialise and train both anew."
                )


def check_no_rival(nlp: Language, name: str, listeners: Sequence[Any]) -> None:
    """Refuse a second component that listens to the same encoder.

    spaCy runs the encoder's backward pass in the callback of the last listener
    only, and drops every gradient if that one is silent.

    nlp (Language): The pipeline.
    name (str): The name of the joint component.
    listeners (Sequence[Model]): The listeners of the joint component.
    RAISES (ValueError): If there is another listener.
    """
    for upstream_name, pipe in find_upstream(nlp, listeners):
        for rival in pipe.listening_components:
            if rival != name:
                raise ValueError(
                    f"The component '{rival}' listens to '{upstream_name}' beside '{name}'. The "
                    "one that stands last would decide alone whether the encoder gets any "
                    f"gradient. Make '{rival}' a task: set its [components.{rival}.model.tok2vec] "
                    f'to @architectures = "spacy_mtl.TaskListener.v1", upstream = "{name}", and '
                    f"place it after '{name}'."
                )


def check_all_served(nlp: Language, name: str) -> None:
    """Refuse listeners that no component serves: such a head would train on nothing.

    Stock configs have upstream = "*", and the joint component adopts only listeners that
    name it. After a component was renamed or removed its listeners name nobody.

    nlp (Language): The pipeline.
    name (str): The name of the joint component.
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
                        f'"spacy_mtl.TaskListener.v1", upstream = "{name}".'
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


def explain_missing_encoder(nlp: Language) -> None:
    """Have `transformer` components say which setting to mend if loading fails.

    The library's own message tells neither the component nor the key. Only
    initialisation from a name is concerned: a trained pipeline brings its weights.

    nlp (Language): The pipeline so far.
    """
    for name, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        if isinstance(model, Model) and model.name == "transformer" and "name" in model.attrs:
            if not isinstance(model.init, _ExplainedInit):
                model.init = _ExplainedInit(name, model.init)
                model._func = partial(_run_initialized, name, model._func)
                for node in model.walk():
                    for shim in node.shims:
                        if hasattr(shim, "owner"):
                            shim.owner = name


class _ExplainedInit:
    """The initialisation of a transformer model, with an error that can be mended."""

    def __init__(self, component: str, init: Any) -> None:
        self.component = component
        self.init = init

    def __call__(self, model: Model, X: Optional[Any] = None, Y: Optional[Any] = None) -> Any:
        try:
            return self.init(model, X=X, Y=Y)
        except EncoderError as err:
            raise EncoderError(f"The component '{self.component}': {err}") from err
        # Damaged weights raise errors of the library that reads them.
        except Exception as err:
            where = f"[components.{self.component}.model]"
            raise ValueError(explain_failure(model.attrs["name"], where, err)) from err


def _run_initialized(
    component: str, forward: Any, model: Model, docs: Sequence[Doc], is_train: bool
) -> Any:
    if any(shim._model is None for node in model.walk() for shim in node.shims):
        raise ValueError(
            f"The encoder of the component '{component}' has no weights yet: call "
            "nlp.initialize(), or load a trained pipeline."
        )
    return forward(model, docs, is_train)


def check_initialized(name: str, model: Model) -> None:
    """Refuse to train an encoder that has no weights yet.

    name (str): The name of the joint component.
    model (Model): Its model.
    RAISES (ValueError): If it was not initialised.
    """
    nodes = [model, *model.get_ref("tok2vec").walk()]
    has_weights = all(node.has_param(key) for node in nodes for key in node.param_names)
    has_networks = all(shim._model is not None for node in nodes for shim in node.shims)
    if not (has_weights and has_networks):
        raise ValueError(
            f"The encoder of the component '{name}' has no weights yet: call nlp.initialize(), or "
            "load a trained pipeline. A component that is frozen must be trained: give it a "
            "'source' in [components]."
        )


def _lacks_upstream(node: Any, doc: Doc) -> bool:
    if isinstance(node, Tok2VecListener):
        return bool(doc.tensor.size == 0)
    return not Doc.has_extension("trf_data") or doc._.trf_data is None


def _take(node: Any) -> Dict[str, Any]:
    state = {key: getattr(node, key) for key in _RUN_STATE}
    for key in _RUN_STATE:
        setattr(node, key, None)
    return state


def _give(held: Sequence[Tuple[Any, Dict[str, Any]]]) -> None:
    for node, state in held:
        for key, value in state.items():
            setattr(node, key, value)

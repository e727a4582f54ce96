"""The pipeline around the joint component: its tasks, who takes part, and its upstream encoder."""

import weakref
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model

from ..compat.spacy import find_pipeline, frozen_components, is_listener
from ..compat.thinc import network_of
from ..encoder.mode import precision_of, shims_of
from ..ranks.group import ALONE, Group
from ..sharing.contract import scheme_of
from ..tasks.stock import task_of
from ..tasks.task import Task

#: The listeners of each head, in pipeline order.
Listeners = Dict[str, List[Tok2VecListener]]


class Pipeline:
    """What the joint component knows about the pipeline it is in.

    A component only learns its pipeline from its factory, from `initialize` and from callers of
    `bind`. A sourced component knows no pipeline, or still the one it came from. In that case
    the tasks that ran before are the ones expected to run again.

    component (Pipe): The joint component. Only its identity matters. Held weakly.
    model (Model): Its model.
    listeners (Dict[str, List[Tok2VecListener]]): The listeners of each head. The joint
        component adds to this dict as it adopts them.
    nlp (Optional[Language]): The pipeline, if known. Held weakly.
    """

    def __init__(
        self,
        component: Any,
        model: Model,
        listeners: Listeners,
        nlp: Optional[Language] = None,
    ) -> None:
        self.model = model
        self.listeners = listeners
        self._component = weakref.ref(component)
        self._nlp = None if nlp is None else weakref.ref(nlp)
        self._ran: Set[str] = set()
        self._missed: Set[str] = set()
        self._is_foreign = False
        # The id of the vocabulary whose pipeline we last searched for.
        self._searched: Optional[int] = None
        # The components and tasks when they were last checked.
        self._seen: Optional[Tuple[List[Tuple[str, int]], List[str]]] = None

    @property
    def name(self) -> str:
        """RETURNS (str): The joint component's name, which a user may change."""
        return getattr(self._component(), "name", "mtl")

    @property
    def learn_rate_scale(self) -> float:
        """RETURNS (float): The joint component's learning rate factor for the sharing scheme."""
        return getattr(self._component(), "learn_rate_scale", 1.0)

    @property
    def group(self) -> Group:
        """RETURNS (Group): The ranks that the joint component is trained on."""
        return getattr(self._component(), "group", ALONE)

    @property
    def nlp(self) -> Optional[Language]:
        """RETURNS (Optional[Language]): The pipeline, or None if unknown."""
        nlp = None if self._nlp is None else self._nlp()
        if nlp is None or self._is_foreign or not self.is_in(nlp):
            return None
        pipes: Dict[str, Any] = dict(nlp.components)
        for task, listeners in self.listeners.items():
            nodes = {id(node) for node in pipes[task].model.walk()} if task in pipes else set()
            if any(id(listener) not in nodes for listener in listeners):
                return None
        return nlp

    def is_in(self, nlp: Language) -> bool:
        """RETURNS (bool): Whether the joint component is in a pipeline."""
        component = self._component()
        return any(pipe is component for _, pipe in nlp.components)

    def is_alike(self, pipe: Any) -> bool:
        """RETURNS (bool): Whether a component is a second joint component."""
        component = self._component()
        return pipe is not component and isinstance(pipe, type(component))

    def bind(self, nlp: Language) -> None:
        """Set the pipeline.

        nlp (Language): The pipeline.
        """
        self._nlp = weakref.ref(nlp)
        self._is_foreign = False

    def reset(self, nlp: Language) -> None:
        """Start over in a pipeline that is initialized.

        nlp (Language): The pipeline.
        """
        self.bind(nlp)
        self._ran, self._missed = set(), set()
        self._searched = self._seen = None

    def has_changed(self, nlp: Language) -> bool:
        """RETURNS (bool): Whether the pipeline differs from the one `note_seen` remembered."""
        return self._seen != self._look(nlp)

    def note_seen(self, nlp: Language) -> None:
        """Remember the pipeline's current components and tasks.

        nlp (Language): The pipeline.
        """
        self._seen = self._look(nlp)

    def _look(self, nlp: Language) -> Tuple[List[Tuple[str, int]], List[str]]:
        return [(name, id(pipe)) for name, pipe in nlp.components], self.tasks

    # The tasks.

    @property
    def tasks(self) -> List[str]:
        """RETURNS (List[str]): The names of the heads, in pipeline order."""
        return list(self.listeners)

    def sort(self, names: Sequence[str]) -> None:
        """Sort the tasks into pipeline order, in place.

        names (Sequence[str]): The names of all components.
        """
        # One that was removed while the joint component was disabled comes last.
        places = {name: place for place, name in enumerate(names)}
        ordered = sorted(self.listeners.items(), key=lambda item: places.get(item[0], len(names)))
        self.listeners.clear()
        self.listeners.update(ordered)

    def was_renamed(self, before: str, name: str) -> bool:
        """Check whether a head is the one that had parts of the sharing scheme by another name.

        before (str): The task of its listener so far.
        name (str): Its name in the pipeline.
        RETURNS (bool): Whether the scheme knows only the old name, and no other component has it.
        """
        nlp = None if self._nlp is None else self._nlp()
        known = scheme_of(self.model.get_ref("sharing")).tasks
        is_free = nlp is None or before not in nlp.component_names
        return before in known and name not in known and is_free

    def expected(self) -> List[str]:
        """Find the tasks that will answer the next step.

        RETURNS (List[str]): Tasks that are enabled and not frozen, in pipeline order. Without a
            known pipeline: the tasks that ran before, or all if none has.
        """
        nlp = self.nlp
        if nlp is None:
            return [task for task in self.tasks if task in self._ran] or self.tasks
        frozen = set(frozen_components(nlp)) - self._missed
        enabled = nlp.pipe_names
        return [task for task in self.tasks if task in enabled and task not in frozen]

    def adapters(self) -> Dict[str, Task]:
        """RETURNS (Dict[str, Task]): An adapter per task; empty if the pipeline is unknown."""
        nlp = self.nlp
        if nlp is None:
            return {}
        return {task: task_of(nlp, task) for task in self.tasks}

    def note_docs(self, docs: Sequence[Doc]) -> None:
        """Check whether a batch comes from the known pipeline.

        If not, the component was most likely sourced, and its original pipeline is still alive.
        That pipeline doesn't tell us who takes part, so search once for the current one.

        docs (Sequence[Doc]): The documents of a batch.
        """
        nlp = None if self._nlp is None else self._nlp()
        if not docs:
            return
        vocab = docs[0].vocab
        self._is_foreign = nlp is not None and vocab is not nlp.vocab
        if id(vocab) != self._searched and self.nlp is None:
            self._searched = id(vocab)
            found = find_pipeline(self._component(), vocab)
            if found is not None:
                self.bind(found)

    def note_run(self, tasks: Iterable[str]) -> None:
        """Remember which tasks took part in a step.

        tasks (Iterable[str]): The names of the tasks.
        """
        self._ran.update(tasks)

    def note_missed(self, task: str) -> bool:
        """Remember a task that asked for its view after its step had closed.

        task (str): The name of the task.
        RETURNS (bool): Whether this is the first time.
        """
        is_new = task not in self._missed
        self._missed.add(task)
        self._ran.add(task)
        return is_new

    def get_state(self) -> Dict[str, List[str]]:
        """RETURNS (Dict[str, List[str]]): Which tasks have run, and which were missed."""
        return {"ran": sorted(self._ran), "missed": sorted(self._missed)}

    def set_state(self, state: Dict[str, List[str]]) -> None:
        """Restore a saved state.

        state (Dict[str, List[str]]): The result of `get_state`.
        """
        self._ran, self._missed = set(state["ran"]), set(state["missed"])

    # The encoder.

    @property
    def upstream_listeners(self) -> List[Any]:
        """RETURNS (List[Model]): The layers that listen to an earlier component."""
        return upstream_listeners(self.model)

    def upstream(self) -> List[Tuple[str, Any]]:
        """RETURNS (List[Tuple[str, Pipe]]): The encoder components it listens to, if any."""
        nlp = self.nlp
        return [] if nlp is None else find_upstream(nlp, self.upstream_listeners)

    def precision(self) -> str:
        """RETURNS (str): The numeric precision of the encoder, "fp32" if unknown."""
        return precision_of(self._encoders())

    def is_pretrained(self) -> bool:
        """RETURNS (bool): Whether the encoder is a torch network, as transformers are."""
        return any(network_of(shim) is not None for shim in shims_of(self._encoders()))

    def _encoders(self) -> List[Model]:
        # As far as they can be found: see `encoder_models`.
        return [self.model.get_ref("tok2vec"), *(pipe.model for _, pipe in self.upstream())]

    def is_left_alone(self, upstream: str) -> bool:
        """Check for an encoder that is trained while the joint component isn't.

        upstream (str): The name of the encoder.
        RETURNS (bool): Whether the joint component is frozen or disabled but the encoder is not.
        """
        nlp = self.nlp
        if nlp is None:
            return False
        trained = set(nlp.pipe_names).difference(frozen_components(nlp))
        return self.name not in trained and upstream in trained

    def encoder_models(self) -> Dict[str, Model]:
        """Find the models that compute the shared representation.

        RETURNS (Dict[str, Model]): Models by component name.
        RAISES (ValueError): If the encoder is another component that can't be found.
        """
        models = {self.name: self.model.get_ref("tok2vec")}
        if self.upstream_listeners and self.nlp is None:
            raise ValueError(
                f"'{self.name}' was sourced from another pipeline and cannot find its encoder, so "
                f'gradients = "parameters" cannot work. Initialize the component with the new '
                f'pipeline, or set gradients = "representation" in [components.{self.name}] with '
                "a weighting that works there, such as spacy_mtl.Constant.v1."
            )
        models.update({name: pipe.model for name, pipe in self.upstream()})
        return models


def upstream_listeners(model: Model) -> List[Any]:
    """Find the layers of a model that listen to an earlier component.

    model (Model): The model of the joint component.
    RETURNS (List[Model]): The TransformerListener and Tok2VecListener nodes.
    """
    return [node for node in model.walk() if is_listener(node)]


def find_upstream(nlp: Language, listeners: Sequence[Any]) -> List[Tuple[str, Any]]:
    """Find the components that listeners are connected to.

    nlp (Language): The pipeline.
    listeners (Sequence[Model]): The upstream listeners of the joint component.
    RETURNS (List[Tuple[str, Pipe]]): Names and components, in pipeline order.
    """
    ids = {id(node) for node in listeners}
    return [
        (name, pipe)
        for name, pipe in nlp.components
        if any(id(node) in ids for node in getattr(pipe, "listeners", []))
    ]

"""The pipeline around the joint component: who is there, who takes part, which encoder is used."""

import weakref
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model

from ..compat.spacy import find_pipeline, frozen_components, is_listener
from ..tasks.stock import task_of
from ..tasks.task import Task

#: The listeners of each head, in pipeline order.
Listeners = Dict[str, List[Tok2VecListener]]


class Pipeline:
    """What the joint component knows of the pipeline that it is in.

    A component is not told which pipeline that is, but by its factory, by `initialize`, and by
    whoever calls `bind`. One that was sourced knows nothing, or the pipeline that it came from.
    It then goes by which tasks have run.

    component (Pipe): The joint component, known by identity only. Held weakly.
    model (Model): Its model.
    listeners (Dict[str, List[Tok2VecListener]]): The listeners of each head, as they are
        adopted.
    nlp (Optional[Language]): The pipeline, if it is known. Held weakly.
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
        # The vocabulary of the pipeline that was looked for.
        self._searched: Optional[int] = None
        # The components and the tasks as they were when last checked.
        self._seen: Optional[Tuple[List[Tuple[str, int]], List[str]]] = None

    @property
    def name(self) -> str:
        """RETURNS (str): The joint component's name, which a user may change."""
        return getattr(self._component(), "name", "mtl")

    @property
    def nlp(self) -> Optional[Language]:
        """RETURNS (Optional[Language]): The pipeline, or None if it is not known."""
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
        """RETURNS (bool): Whether the joint component is a component of a pipeline."""
        component = self._component()
        return any(pipe is component for _, pipe in nlp.components)

    def is_alike(self, pipe: Any) -> bool:
        """RETURNS (bool): Whether a component is another joint component."""
        component = self._component()
        return pipe is not component and isinstance(pipe, type(component))

    def bind(self, nlp: Language) -> None:
        """Learn which pipeline it is.

        nlp (Language): The pipeline.
        """
        self._nlp = weakref.ref(nlp)
        self._is_foreign = False

    def has_changed(self, nlp: Language) -> bool:
        """RETURNS (bool): Whether it is another one than when `note_seen` was called."""
        return self._seen != self._look(nlp)

    def note_seen(self, nlp: Language) -> None:
        """Remember the pipeline as it is.

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
        """Bring the tasks into pipeline order, in place.

        names (Sequence[str]): All components.
        """
        # One that was removed while the joint component was disabled comes last.
        places = {name: place for place, name in enumerate(names)}
        ordered = sorted(self.listeners.items(), key=lambda item: places.get(item[0], len(names)))
        self.listeners.clear()
        self.listeners.update(ordered)

    def expected(self) -> List[str]:
        """RETURNS (List[str]): The tasks that will answer the next step, in pipeline order."""
        nlp = self.nlp
        if nlp is None:
            return [task for task in self.tasks if task in self._ran] or self.tasks
        frozen = set(frozen_components(nlp)) - self._missed
        enabled = nlp.pipe_names
        return [task for task in self.tasks if task in enabled and task not in frozen]

    def adapters(self) -> Dict[str, Task]:
        """RETURNS (Dict[str, Task]): What is known of the tasks; nothing if the pipeline is not."""
        nlp = self.nlp
        if nlp is None:
            return {}
        return {task: task_of(nlp, task) for task in self.tasks}

    def note_docs(self, docs: Sequence[Doc]) -> None:
        """Look whether the documents are of the pipeline that is known.

        If not, the component was sourced, most likely, and the pipeline that it came
        from is still alive. That one says nothing of who takes part then, and the one that
        the component is in now is looked for, once.

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
        """Remember tasks that took part in a step.

        tasks (Iterable[str]): Their names.
        """
        self._ran.update(tasks)

    def note_missed(self, task: str) -> bool:
        """Remember a task that asked for its view after its step had closed.

        task (str): Its name.
        RETURNS (bool): Whether that is news.
        """
        is_new = task not in self._missed
        self._missed.add(task)
        self._ran.add(task)
        return is_new

    def get_state(self) -> Dict[str, List[str]]:
        """RETURNS (Dict[str, List[str]]): Which tasks have run, and which were missed."""
        return {"ran": sorted(self._ran), "missed": sorted(self._missed)}

    def set_state(self, state: Dict[str, List[str]]) -> None:
        """Continue from a state that `get_state` gave.

        state (Dict[str, List[str]]): The state.
        """
        self._ran, self._missed = set(state["ran"]), set(state["missed"])

    # The encoder.

    @property
    def upstream_listeners(self) -> List[Any]:
        """RETURNS (List[Model]): The layers by which it listens to a component before it."""
        return upstream_listeners(self.model)

    def upstream(self) -> List[Tuple[str, Any]]:
        """RETURNS (List[Tuple[str, Pipe]]): The encoders before it that it listens to."""
        nlp = self.nlp
        return [] if nlp is None else find_upstream(nlp, self.upstream_listeners)

    def is_left_alone(self, upstream: str) -> bool:
        """Tell whether an encoder is to be trained, but the joint component is not.

        upstream (str): The encoder.
        RETURNS (bool): Whether the first is neither frozen nor disabled and the second either.
        """
        nlp = self.nlp
        if nlp is None:
            return False
        trained = set(nlp.pipe_names).difference(frozen_components(nlp))
        return self.name not in trained and upstream in trained

    def encoder_models(self) -> Dict[str, Model]:
        """Find what is below the shared representation.

        RETURNS (Dict[str, Model]): Models by component.
        RAISES (ValueError): If the encoder is another component, and that cannot be found.
        """
        models = {self.name: self.model.get_ref("tok2vec")}
        if self.upstream_listeners and self.nlp is None:
            raise ValueError(
                f"'{self.name}' was sourced from another pipeline and cannot find its encoder, so "
                f'gradients = "parameters" has nothing to work on. Set gradients = '
                f'"representation" in [components.{self.name}], or initialize it with the new '
                "pipeline."
            )
        models.update({name: pipe.model for name, pipe in self.upstream()})
        return models


def upstream_listeners(model: Model) -> List[Any]:
    """Find the layers through which a model listens to a component before it.

    model (Model): The model of the joint component.
    RETURNS (List[Model]): TransformerListener and Tok2VecListener nodes.
    """
    return [node for node in model.walk() if is_listener(node)]


def find_upstream(nlp: Language, listeners: Sequence[Any]) -> List[Tuple[str, Any]]:
    """Find the components that some listeners are connected to.

    nlp (Language): The pipeline.
    listeners (Sequence[Model]): Listeners of the joint component.
    RETURNS (List[Tuple[str, Pipe]]): Names and components, in pipeline order.
    """
    ids = {id(node) for node in listeners}
    return [
        (name, pipe)
        for name, pipe in nlp.components
        if any(id(node) in ids for node in getattr(pipe, "listeners", []))
    ]

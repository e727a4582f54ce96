"""The joint component `mtl`: the interface that spaCy calls.

Longer than other files, because spaCy expects all of a component's methods in one class. The
work is done in the modules next to it. To follow a batch, start at `MultiTask.update` and read
`steps` (the forward pass), `step` (who has answered), `closing` (what happens then) and `meeting`
(where the gradients are combined). `pipeline` says which tasks take part.
"""

from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import srsly
from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2Vec, Tok2VecListener
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer

from ..encoder.fast_linear import linear_choices, set_linear_choices
from ..encoder.mode import keep_evaluating
from ..learn_rate import OwnRate, check_found
from ..loading import load_from_bytes, load_from_disk, unpacked
from ..packed import unpack
from ..parameters import use_torch_params
from ..plain import PlainMonitor
from ..ranks.group import ALONE, Group
from ..sharing.contract import Scheme, scheme_of
from ..sharing.scheme import regular
from ..types import StructureTable, TokenVectors, Weighting
from .checks import check_listener, check_only_one, check_scheme, run_checks
from .encoder_checks import check_annotated, check_connected, check_width
from .listener import TaskListener
from .memory import Memory
from .notices import Notices
from .observers import Observers
from .pipeline import Listeners, Pipeline
from .place import Place
from .replace import offer_replacement
from .state import explained_state
from .steps import Steps
from .task_gradients import TaskGradients, task_gradients, task_losses
from .upstream import drop_callbacks
from .views import ViewTable


class MultiTask(OwnRate, Tok2Vec):
    """Share one encoder between the heads that follow and train it on all of them.

    To the heads it looks like spaCy's Tok2Vec, so stock components can be tasks too.
    Unlike Tok2Vec, it collects one gradient per task, weighs them against each other
    and sends the result through the encoder. This works no matter which head is last
    in the pipeline, is frozen, or has no annotation in the batch.
    """

    #: The ranks that it is trained on: see `ranks.group.join`.
    group: Group = ALONE

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], TokenVectors],
        name: str = "mtl",
        *,
        weighting: Weighting,
        gradients: Optional[str] = None,
        every: Union[int, str, None] = None,
        learn_rate_scale: Optional[float] = None,
        nlp: Optional[Language] = None,
    ) -> None:
        """Initialize the joint component.

        vocab (Vocab): The shared vocabulary.
        model (Model[List[Doc], List[Floats2d]]): A sharing scheme around an encoder.
        name (str): The name in the pipeline.
        weighting (Weighting): Combines the tasks' gradients into one.
        gradients (Optional[str]): Where the tasks' gradients are weighed: at the shared
            "representation", with one backward pass through the encoder, or at the
            encoder's "parameters", with one pass per task. None: where the weighting works
            best, which is the representation for all methods but `Balanced`.
        every (Union[int, str, None]): With gradients at the parameters: measure them only every
            so many steps, and let the weighting see what is known of them in between (see
            `SampledParameters`). "auto": after 14 steps per task beyond the first, at least 20.
            None: in each step, or "auto" if the weighting decides on `gradients`.
        learn_rate_scale (Optional[float]): Learning rate factor for the layers of the sharing
            scheme, > 0. The encoder keeps the plain rate. None: see `OwnRate`.
        nlp (Optional[Language]): The pipeline. It tells the component which tasks
            are frozen or disabled.
        """
        self._listeners: Listeners = {}
        super().__init__(vocab, model, name)
        check_scheme(model, name)
        #: Callables that receive the report of each closed step.
        self.observers = Observers()
        self.learn_rate_scale = learn_rate_scale
        self._pipeline = Pipeline(self, model, self._listeners, nlp)
        self._memory = Memory(weighting, self._pipeline)
        self._place = Place(self._pipeline, self._memory, gradients, every)
        self._notices = Notices(self._pipeline)
        self._views = ViewTable(self._pipeline)
        self._steps = Steps(self._pipeline, self._memory, self.observers, self._notices)
        offer_replacement(self._pipeline)

    def __reduce__(self) -> Tuple:
        # Leave out the pipeline and any open step.
        settings = {
            "weighting": self.weighting,
            **self._place.settings,
            "learn_rate_scale": self._learn_rate_scale,
        }
        state = (self.vocab, self.model, self.name, settings, self.cfg, self.listener_map)
        return _rebuild, (type(self), *state)

    @property
    def nlp(self) -> Optional[Language]:
        """RETURNS (Optional[Language]): The pipeline this component is part of.

        None if unknown: a component sourced into another pipeline finds out in
        `initialize` or `bind`.
        """
        return self._pipeline.nlp

    @property
    def tasks(self) -> List[str]:
        """RETURNS (List[str]): The names of the heads, in pipeline order."""
        return self.listening_components

    @property
    def listener_map(self) -> Listeners:
        """RETURNS (Dict[str, List[Tok2VecListener]]): The listeners of each head."""
        return self._listeners

    @listener_map.setter
    def listener_map(self, listeners: Listeners) -> None:
        # spaCy sets an empty dict when it links a pipeline again. Keep our own dict object:
        # others hold a reference to it.
        found = dict(listeners)
        self._listeners.clear()
        self._listeners.update(found)

    @property
    def gradients(self) -> str:
        """RETURNS (str): Where the tasks' gradients meet: "representation" or "parameters".

        Set it to None to leave it to the weighting.
        """
        return self._place.gradients

    @gradients.setter
    def gradients(self, gradients: Optional[str]) -> None:
        self._place.gradients = gradients

    @property
    def every(self) -> Union[int, str, None]:
        """RETURNS (Union[int, str, None]): The number of steps between measurements of the tasks'
        gradients at the parameters, or "auto". None: they are exact in each step.
        """
        return self._place.every

    @every.setter
    def every(self, every: Union[int, str, None]) -> None:
        self._place.every = every

    @property
    def weighting(self) -> Weighting:
        """RETURNS (Weighting): Combines the tasks' gradients into one."""
        return self._memory.weighting

    @weighting.setter
    def weighting(self, weighting: Any) -> None:
        self._memory.weighting = weighting

    @property
    def monitor(self) -> Optional[Any]:
        """RETURNS (Optional[Monitor]): The observer that collects figures for a log, as set."""
        monitor = self.observers.monitor
        return monitor.wrapped if isinstance(monitor, PlainMonitor) else monitor

    @monitor.setter
    def monitor(self, monitor: Optional[Any]) -> None:
        self.observers.monitor = monitor

    @property
    def is_pretrained(self) -> bool:
        """RETURNS (bool): Whether the encoder is a torch network, as transformers are."""
        return self._pipeline.is_pretrained()

    @property
    def scheme(self) -> Scheme:
        """RETURNS (Scheme): The sharing scheme, beside the views it makes."""
        return scheme_of(self.model.get_ref("sharing"))

    def structure(self) -> List[StructureTable]:
        """RETURNS (List[StructureTable]): What the sharing scheme has learned about the tasks."""
        return self.scheme.structure()

    def relations(self) -> Dict[str, Dict[str, float]]:
        """RETURNS (Dict[str, Dict[str, float]]): The learned correlation of each task with each.

        RAISES (ValueError): If the sharing scheme learns no relations.
        """
        return self.scheme.relations()

    def find_listeners(self, component: Any) -> None:
        """Adopt the listeners in a component's model whose upstream is this component.

        component (Pipe): A component later in the pipeline.
        """
        model = getattr(component, "model", None)
        if self.nlp is not None:
            check_width(self._pipeline, self.nlp)
        if isinstance(model, Model):
            keep_evaluating(self.model)
            keep_evaluating(model)
            for node in model.walk():
                if isinstance(node, Tok2VecListener) and node.upstream_name == self.name:
                    self.add_listener(node, component.name)

    def bind(self, nlp: Language) -> None:
        """Tell this component which pipeline it is in, and adopt all heads after it.

        spaCy only links enabled heads, and sourced heads are disabled while a new joint
        component is initialized. Any code that has the pipeline at hand may call this: the
        factory, `initialize`, loggers, corpus readers. It does nothing if this component isn't
        in that pipeline.

        nlp (Language): The pipeline.
        """
        if not self._pipeline.is_in(nlp):
            return
        self._pipeline.bind(nlp)
        names, pipes = zip(*nlp.components)
        for pipe in pipes[pipes.index(self) + 1 :]:
            self.find_listeners(pipe)
        self._pipeline.sort(names)

    def add_listener(self, listener: Tok2VecListener, component_name: str) -> None:
        """Add a task's listener and set the width of its view.

        listener (Tok2VecListener): The listener.
        component_name (str): The name of the head.
        RAISES (ValueError): If the listener has a different width from the view, or can't take a
            view of its own.
        """
        scheme = self.scheme
        check_listener(listener, component_name, self.name, scheme)
        super().add_listener(listener, component_name)
        # The head of another pipeline is new here, whatever it was called there.
        before = None
        if isinstance(listener, TaskListener) and listener.owner is self:
            before = listener.task
        if before is not None and self._pipeline.was_renamed(before, component_name):
            scheme.rename_task(before, component_name)
        scheme.add_task(component_name)
        self._note_tasks()
        if isinstance(listener, TaskListener):
            read = self.read_views if scheme.has_own_views else None
            listener.connect(component_name, self.encode, read)
        width = scheme.view_width(component_name)
        # Before it is initialized, a scheme with views of its own doesn't know their width.
        if width is None and not scheme.has_own_views:
            width = self.model.maybe_get_dim("nO")
        if width is None:
            return
        if listener.has_dim("nO") is None:
            listener.set_dim("nO", width)
        elif listener.get_dim("nO") != width:
            raise ValueError(
                f"The listener of the component '{component_name}' has width "
                f"{listener.get_dim('nO')}, but '{self.name}' produces vectors of width {width}. "
                f"Remove 'width' from [components.{component_name}.model.tok2vec]."
            )

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
    ) -> None:
        """Initialize the model and check the pipeline around it.

        get_examples (Callable[[], Iterable[Example]]): Returns a sample of examples.
        nlp (Optional[Language]): The pipeline.
        RAISES (ValueError): If the weighting names an unknown task, the pipeline has
            two joint components, another component listens to the same encoder, or the sharing
            scheme doesn't fit the tasks.
        """
        self._steps.last = None
        self.forget()
        if nlp is not None:
            self._pipeline.reset(nlp)
            check_only_one(self._pipeline, nlp)
            check_connected(self._pipeline, nlp)
            self.bind(nlp)
        self.scheme.set_tasks(self.tasks)
        super().initialize(get_examples, nlp=nlp)
        self.scheme.check_tasks(self.tasks)
        if nlp is not None:
            self._refresh(nlp, strict=True)
            # Layers that are copies of the encoder's learn at its rate.
            is_beside = self.is_pretrained and not self.scheme.is_pretrained
            self.find_learn_rate_scale(nlp, is_beside)
        self._connect()
        if not self.tasks:
            self._notices.no_task()

    def predict(self, docs: Iterable[Doc]) -> TokenVectors:
        """Compute the shared representation of documents.

        docs (Iterable[Doc]): The documents.
        RETURNS (List[Floats2d]): One array per document. Shape: (n_tokens, width).
        RAISES (ValueError): If the upstream encoder did not run on one of them.
        """
        docs = list(docs)
        check_annotated(self.name, self._pipeline.upstream_listeners, docs)
        if self.scheme.is_inside and any(len(doc) for doc in docs):
            return self._views.run(docs)
        return regular(self.model, docs, super().predict(docs))

    def set_annotations(self, docs: Sequence[Doc], tokvecses: TokenVectors) -> None:
        """Set `doc.tensor`, and make the heads' views if they differ from it.

        docs (Sequence[Doc]): The documents.
        tokvecses (List[Floats2d]): The shared representation, from `predict`.
        """
        super().set_annotations(docs, tokvecses)
        if self._views.is_needed:
            self._views.keep(docs)

    def read_views(self, task: str, docs: Sequence[Doc]) -> TokenVectors:
        """Get a head's view of documents that this component has annotated.

        task (str): The name of the head.
        docs (Sequence[Doc]): The documents.
        RETURNS (List[Floats2d]): One array per document. Shape: (n_tokens, width of the view).
        """
        return self._views.read(task, docs)

    def encode(self, task: str, docs: Sequence[Doc]) -> None:
        """Set `doc.tensor` for a head that trains outside a joint step.

        Used for rehearsal and for heads trained on a frozen encoder, where no
        gradient comes back.

        task (str): The name of the head.
        docs (Sequence[Doc]): The documents.
        """
        self._steps.note_view(task, docs)
        drop_callbacks(self._pipeline.upstream_listeners)
        upstream = self._pipeline.upstream()
        for name, _ in upstream:
            if self._pipeline.is_left_alone(name):
                self._notices.left_alone(name)
        missing = [doc for doc in docs if len(doc) and doc.tensor.size == 0]
        if not missing:
            return
        for _, pipe in upstream:
            pipe.set_annotations(missing, pipe.predict(missing))
        self.set_annotations(missing, self.predict(missing))

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Run the encoder on a batch and open a joint step for the heads to answer.

        This is only the forward half. Each listener now holds its task's view. As spaCy
        updates the heads, their answers arrive at the `JointStep`, and the last expected
        answer triggers the backward pass (`Steps.open`). If that answer never comes,
        `finish_update` or the next `update` closes the step.

        examples (Iterable[Example]): A batch of examples.
        drop (float): The dropout rate.
        sgd (Optional[Optimizer]): Updates this component's own parameters when the
            step closes. `nlp.update` and `spacy train` leave it None.
        losses (Optional[Dict[str, float]]): The losses by component. This component's
            entry is the weighted sum of the losses of the tasks present.
        RETURNS (Dict[str, float]): The losses.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "MultiTask.update")
        self._steps.end()
        self._memory.look_back(self._pipeline)
        expected = self._expected([eg.predicted for eg in examples])
        place = self._place.meeting
        self._steps.open(examples, expected, place, drop=drop, sgd=sgd, losses=losses)
        return losses

    def finish_update(self, sgd: Optimizer) -> None:
        """Close a step that has answers, and update the component's own parameters.

        sgd (Optimizer): The optimizer.
        """
        self._steps.finish_update(sgd)

    def end_step(self) -> None:
        """Close the open step, if any. With several ranks, that is where they meet."""
        self._steps.end()

    def task_gradients(self, examples: Iterable[Example], *, drop: float = 0.0) -> TaskGradients:
        """Compute each task's gradient and loss on a batch, with no effect on training.

        examples (Iterable[Example]): A batch of examples.
        drop (float): The dropout rate.
        RETURNS (TaskGradients): The gradients at the shared representation and at the shared
            parameters, one row per task that the batch annotates.
        RAISES (ValueError): If the pipeline is unknown, or no task is trained.
        """
        examples = list(examples)
        validate_examples(examples, "MultiTask.task_gradients")
        return task_gradients(self._pipeline, examples, drop)

    def task_losses(self, examples: Iterable[Example]) -> Dict[str, float]:
        """Compute each task's loss on a batch, without dropout and with no effect on training.

        examples (Iterable[Example]): A batch of examples.
        RETURNS (Dict[str, float]): The losses of the tasks that the batch annotates.
        RAISES (ValueError): If the pipeline is unknown, or no task is trained.
        """
        examples = list(examples)
        validate_examples(examples, "MultiTask.task_losses")
        return task_losses(self._pipeline, examples)

    def use_params(self, params: Dict) -> Iterator[None]:
        """Use other parameter values temporarily, in the upstream encoder too.

        params (Dict[Tuple[int, str], FloatsXd]): Values by optimizer key.
        """
        models = [self.model, *(pipe.model for _, pipe in self._pipeline.upstream())]
        if self._pipeline.upstream_listeners and self.nlp is None:
            self._notices.no_averages()
        with self.model.use_params(params), use_torch_params(models, params):
            yield

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize the component and what its weighting has learned ("weighting").

        exclude (Iterable[str]): Parts to leave out.
        RETURNS (bytes): The component.
        """
        exclude = list(exclude)
        # Pass the component's own bytes through as they are: they may hold the encoder.
        message: Dict[str, Any] = {"component": super().to_bytes(exclude=exclude)}
        if "weighting" not in exclude:
            message["weighting"] = self._memory.to_bytes(self._steps.last)
        return srsly.msgpack_dumps(message)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "MultiTask":
        """Load the component from bytes.

        bytes_data (bytes): The result of `to_bytes`.
        exclude (Iterable[str]): Parts to leave out.
        RETURNS (MultiTask): This component.
        """
        exclude = list(exclude)
        message = unpacked(self.name, bytes_data)
        # Version 0.1.0 wrote only the component, without a state.
        load_from_bytes(self, message.get("component", bytes_data), exclude, check_found)
        self._connect()
        if "weighting" not in exclude and message.get("weighting") is not None:
            with explained_state("part 'weighting' of the bytes"):
                self._memory.from_state(unpack(message["weighting"]))
        return self

    def to_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> None:
        """Write the component and what its weighting has learned ("weighting") to a folder.

        path (Union[str, Path]): A folder.
        exclude (Iterable[str]): Parts to leave out.
        """
        exclude = list(exclude)
        super().to_disk(path, exclude=exclude)
        if "weighting" not in exclude:
            (Path(path) / "weighting").write_bytes(self._memory.to_bytes(self._steps.last))

    def from_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> "MultiTask":
        """Load the component from a folder that `to_disk` wrote.

        path (Union[str, Path]): A folder.
        exclude (Iterable[str]): Parts to leave out.
        RETURNS (MultiTask): This component.
        """
        exclude = list(exclude)
        load_from_disk(self, path, exclude, check_found)
        self._connect()
        file = Path(path) / "weighting"
        if "weighting" not in exclude and file.exists():
            with explained_state(str(file)):
                self._memory.from_state(unpack(file.read_bytes()))
        return self

    def forget(self) -> None:
        """Reset the weighting to its state before training. Prediction doesn't need it."""
        self._memory.forget()

    def get_training_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What resuming a training needs beyond the saved pipeline."""
        monitor, lookback = self.observers.monitor, self._memory.lookback
        return {
            "tasks": self._pipeline.get_state(),
            "batch": None if lookback is None else lookback.get_batch(),
            "monitor": None if monitor is None else monitor.get_state(),
            "linear": linear_choices(),
        }

    def set_training_state(self, state: Dict[str, Any]) -> None:
        """Continue from a saved training state.

        state (Dict[str, Any]): The result of `get_training_state`.
        """
        self._pipeline.set_state(state["tasks"])
        # Checkpoints of older versions have none.
        set_linear_choices(state.get("linear", {}))
        if state["batch"] is not None and self._memory.lookback is not None:
            self._memory.lookback.set_batch(state["batch"], self.listener_map, self.vocab)
        monitor = self.observers.monitor
        if state["monitor"] is not None and monitor is not None:
            monitor.set_state(state["monitor"])

    def _connect(self) -> None:
        """Tell all listeners their widths, and the scheme its tasks."""
        for task, listeners in list(self.listener_map.items()):
            for listener in listeners:
                self.add_listener(listener, task)
        self._note_tasks()

    def _note_tasks(self) -> None:
        if self.scheme.tasks:
            self.cfg["tasks"] = self.scheme.tasks

    def _expected(self, docs: Sequence[Doc]) -> List[str]:
        """RETURNS (List[str]): The tasks that will answer this batch, in pipeline order."""
        self._pipeline.note_docs(docs)
        if self.nlp is not None:
            self._refresh(self.nlp)
        expected = self._pipeline.expected()
        if self.tasks and not expected:
            self._notices.all_frozen()
        return expected

    def _refresh(self, nlp: Language, strict: bool = False) -> None:
        """Check the pipeline again if it has changed since the last check."""
        if not self._pipeline.has_changed(nlp):
            return
        self.bind(nlp)
        try:
            self.weighting.check_tasks(self.tasks)
            self.scheme.check_tasks(self.tasks)
        except ValueError as err:
            if strict:
                raise
            # A head may have been removed from a trained pipeline.
            self._notices.once(str(err))
        self._place.check()
        run_checks(self._pipeline, nlp)
        self._pipeline.note_seen(nlp)


def _rebuild(
    cls: type, vocab: Vocab, model: Model, name: str, settings: Dict, cfg: Any, listeners: Any
) -> MultiTask:
    component = cls(vocab, model, name, **settings)
    component.cfg = cfg
    component.listener_map = listeners
    component._connect()
    return component

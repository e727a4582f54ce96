"""The joint component: runs encoder and sharing once a batch, closes the step once.

Longer than other files: what a spaCy component has to offer stands in its class. What it
needs for that (steps, membership, checks of the pipeline, averages) is in files beside it.
"""

import warnings
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

import srsly
from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2Vec, Tok2VecListener
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from ..encoder.mode import keep_evaluating
from ..loading import load_from_bytes, load_from_disk, unpacked
from ..packed import unpack
from ..plain import as_weighting
from ..types import Monitor, TokenVectors, Weighting
from .averages import use_torch_params
from .closing import LEVELS, StepCloser, encoder_models
from .contract import check_weighting
from .listener import TaskListener
from .membership import (
    Membership,
    check_only_one,
    check_output,
    check_tensor_is_ours,
    is_left_alone,
)
from .parameters import check_exact
from .replace import offer_replacement
from .state import explained_state, get_state, pack, set_state
from .step import JointStep
from .upstream import (
    HeldCallbacks,
    SentGradients,
    check_all_served,
    check_annotated,
    check_connected,
    check_initialized,
    check_no_rival,
    check_width,
    drop_callbacks,
    find_upstream,
    upstream_listeners,
)


class MultiTask(Tok2Vec):
    """Shares one encoder between the heads after it and trains it on all of them.

    Towards the heads it behaves like spaCy's Tok2Vec, so stock components can be
    tasks, too. Unlike Tok2Vec it asks each of them for its gradient, weighs these
    against each other, and runs one backward pass with the result, whoever stands
    last in the pipeline, is frozen, or has no annotation in the batch.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], TokenVectors],
        name: str = "mtl",
        *,
        weighting: Weighting,
        gradients: str = "representation",
        nlp: Optional[Language] = None,
    ) -> None:
        """Initialise the joint component.

        vocab (Vocab): The shared vocabulary.
        model (Model[List[Doc], List[Floats2d]]): A sharing scheme around an encoder.
        name (str): The name in the pipeline.
        weighting (Weighting): How much each task moves what they share.
        gradients (str): Where the tasks' gradients are weighed: at the shared
            "representation", with one backward pass through the encoder, or at its
            "parameters", with one a task.
        nlp (Optional[Language]): The pipeline, from which the component learns
            which tasks are frozen or disabled.
        """
        super().__init__(vocab, model, name)
        if not (model.has_ref("tok2vec") and model.has_ref("sharing")):
            raise ValueError(
                f"The model of the component '{name}' ({model.name[:60]}) is no sharing scheme. If "
                f"it is the encoder, move its block to [components.{name}.model.tok2vec], and set "
                f'@architectures = "spacy_mtl.HardSharing.v1" in [components.{name}.model].'
            )
        if gradients not in LEVELS:
            raise ValueError(
                f"'gradients' of the component '{name}' is {gradients!r}, but it is one of: "
                f"{', '.join(LEVELS)}. Mend [components.{name}]."
            )
        self.weighting = weighting
        check_weighting(self.weighting, name)
        self._untrained = deepcopy(get_state(self.weighting))
        self.gradients = gradients
        #: A logger may put one here.
        self.monitor: Optional[Monitor] = None
        #: Those who want to know the losses of each step, by task.
        self.loss_observers: List[Callable[[Dict[str, float]], None]] = []
        self._membership = Membership(nlp)
        self._step: Optional[JointStep] = None
        self._closer = StepCloser()
        # The pipeline and the tasks as they were when last checked.
        self._checked: Optional[Tuple[List[Tuple[str, int]], List[str]]] = None
        self._warned: Set[str] = set()
        offer_replacement(self)

    def __reduce__(self) -> Tuple:
        # Neither the pipeline nor an open step goes along.
        settings = {"weighting": self.weighting, "gradients": self.gradients}
        state = (self.vocab, self.model, self.name, settings, self.cfg, self.listener_map)
        return _rebuild, (type(self), *state)

    @property
    def weighting(self) -> Weighting:
        """RETURNS (Weighting): How much each task moves what they share.

        What is set here may be no more than a function: see `as_weighting`.
        """
        return self._weighting

    @weighting.setter
    def weighting(self, weighting: Any) -> None:
        self._weighting: Weighting = as_weighting(weighting)

    @property
    def nlp(self) -> Optional[Language]:
        """RETURNS (Optional[Language]): The pipeline this component is part of.

        None if that is not known: a component sourced into another pipeline
        learns of it at `initialize` only.
        """
        return self._membership.pipeline_of(self)

    @property
    def tasks(self) -> List[str]:
        """RETURNS (List[str]): The names of the heads, in pipeline order."""
        return self.listening_components

    def find_listeners(self, component: Any) -> None:
        """Adopt the listeners in a component's model that name this component.

        component (Pipe): A component later in the pipeline.
        """
        model = getattr(component, "model", None)
        if self.nlp is not None:
            check_width(self.nlp, self.name, upstream_listeners(self.model))
        if isinstance(model, Model):
            keep_evaluating(self.model)
            keep_evaluating(model)
            for node in model.walk():
                if isinstance(node, Tok2VecListener) and node.upstream_name == self.name:
                    self.add_listener(node, component.name)

    def find_all_listeners(self, nlp: Language) -> None:
        """Adopt those of all components after this one, and sort the tasks.

        spaCy links the enabled ones only, and sourced heads are disabled when a new joint
        component is initialised.

        nlp (Language): The pipeline.
        """
        names, pipes = zip(*nlp.components)
        for pipe in pipes[pipes.index(self) + 1 :]:
            self.find_listeners(pipe)
        tasks = sorted(self.listener_map.items(), key=lambda item: names.index(item[0]))
        self.listener_map = dict(tasks)

    def add_listener(self, listener: Tok2VecListener, component_name: str) -> None:
        """Add a listener of a task and tell it the width of its view."""
        super().add_listener(listener, component_name)
        if isinstance(listener, TaskListener):
            listener.connect(component_name, self.encode)
        width = self.model.maybe_get_dim("nO")
        if width is None:
            return
        if listener.has_dim("nO") is None:
            listener.set_dim("nO", width)
        elif listener.get_dim("nO") != width:
            raise ValueError(
                f"The listener of the component '{component_name}' has width "
                f"{listener.get_dim('nO')}, but '{self.name}' gives vectors of width {width}. "
                f"Leave 'width' out of [components.{component_name}.model.tok2vec]."
            )

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
    ) -> None:
        """Initialise the model and check the pipeline around it.

        get_examples (Callable[[], Iterable[Example]]): Gives a sample of examples.
        nlp (Optional[Language]): The pipeline.
        RAISES (ValueError): If the weighting names an unknown task, there are two
            joint components, or another component listens to the same encoder.
        """
        self._step = None
        self.forget()
        if nlp is not None:
            self._membership = Membership(nlp)
            self._checked = None
            self._check_only_one(nlp)
            check_connected(nlp, self.name, upstream_listeners(self.model))
        super().initialize(get_examples, nlp=nlp)
        if nlp is not None:
            self._refresh(nlp, strict=True)
        for task, listeners in list(self.listener_map.items()):
            for listener in listeners:
                self.add_listener(listener, task)
        if not self.tasks:
            warnings.warn(
                f"No component listens to '{self.name}'. Add a head after it, such as "
                f"'mtl_tagger', with a spacy_mtl.TaskListener.v1 whose upstream is '{self.name}'."
            )

    def predict(self, docs: Iterable[Doc]) -> TokenVectors:
        """Compute the shared representation of some documents.

        docs (Iterable[Doc]): The documents.
        RETURNS (List[Floats2d]): One array a document. Shape: (n_tokens, width).
        RAISES (ValueError): If the encoder upstream did not run on one of them.
        """
        docs = list(docs)
        check_annotated(self.name, upstream_listeners(self.model), docs)
        return self._regular(docs, super().predict(docs))

    def encode(self, task: str, docs: Sequence[Doc]) -> None:
        """Set `doc.tensor` for a head that trains outside of a joint step.

        For rehearsal, and for heads that train on a frozen encoder: no gradient
        comes back.

        task (str): The name of the head.
        docs (Sequence[Doc]): The documents.
        """
        step = self._step
        if step is not None and step.closed and step.is_of(docs):
            if self._membership.note_missed(task):
                self._warn_once(
                    f"'{task}' was updated after '{self.name}' had closed the joint step without "
                    "it: its gradient of this batch does not reach the encoder. From now on it is "
                    "waited for. If it is named in [training.frozen_components], pass "
                    "exclude=[...] to nlp.update, or name it there no more."
                )
        nlp = self.nlp
        listeners = upstream_listeners(self.model)
        drop_callbacks(listeners)
        upstream = [] if nlp is None else find_upstream(nlp, listeners)
        for name, _ in upstream:
            if nlp is not None and is_left_alone(nlp, self.name, name):
                self._warn_once(
                    f"'{self.name}' is frozen or disabled, but '{name}' is not: nothing trains it, "
                    "since the gradients of the tasks reach it through this component only. Name "
                    "both in [training.frozen_components], or neither."
                )
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
        """Run the encoder on a batch and open a step that the heads will answer.

        examples (Iterable[Example]): A batch of examples.
        drop (float): The dropout rate.
        sgd (Optional[Optimizer]): Steps this component's own parameters when the
            step closes. `nlp.update` and `spacy train` leave it None.
        losses (Optional[Dict[str, float]]): The losses by component. The entry of
            this one is the weighted sum of those of the tasks present.
        RETURNS (Dict[str, float]): The losses.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "MultiTask.update")
        self._end_step()
        self._closer.recompute(self)
        docs = [eg.predicted for eg in examples]
        self._membership.note_docs(self, docs)
        nlp = self.nlp
        if nlp is not None:
            self._refresh(nlp)
        upstream = upstream_listeners(self.model)
        expected = self._membership.expected(self)
        if self.tasks and not expected:
            self._warn_once(
                f"All tasks of '{self.name}' are frozen or disabled, so nothing trains the encoder."
            )
        if not expected or not any(len(doc) for doc in docs):
            drop_callbacks(upstream)
            return losses
        check_initialized(self.name, self.model)
        idle = [node for node in upstream if node._batch_id is None]
        check_annotated(self.name, idle, docs)
        sent = SentGradients(upstream) if self.gradients == "parameters" else None
        set_dropout_rate(self.model, drop)
        shared, backprop_encoder = self.model.get_ref("tok2vec").begin_update(docs)
        shared = self._regular(docs, shared)
        views, backprop_views = self.model.get_ref("sharing").begin_update((shared, self.tasks))
        held = HeldCallbacks(upstream)

        def backprop_shared(d_shared: TokenVectors, keep: bool = False) -> None:
            if sent is not None:
                sent.begin_pass()
            with held.restored(keep):
                backprop_encoder(d_shared)

        def finish() -> None:
            if sgd is not None and sgd is not False:
                self.model.finish_update(sgd)

        self._step = JointStep(
            examples=examples,
            listeners=dict(self.listener_map),
            expected=expected,
            views=views,
            backprop_views=backprop_views,
            backprop_shared=backprop_shared,
            finish=finish,
            sent=sent,
            losses=losses,
            on_complete=partial(self._closer.close, self),
            ops=self.model.ops,
        )
        self._step.open()
        return losses

    def finish_update(self, sgd: Optimizer) -> None:
        """Close a step that was answered, and update the component's own parameters.

        sgd (Optimizer): The optimiser.
        """
        if self._step is not None and self._step.answered:
            self._end_step()
        self.model.finish_update(sgd)
        self._closer.note_applied()

    def use_params(self, params: Dict) -> Iterator[None]:
        """Use other parameter values for a while, in the encoder upstream, too.

        params (Dict[Tuple[int, str], FloatsXd]): Values by the optimiser's keys.
        """
        models = [self.model]
        listeners = upstream_listeners(self.model)
        if self.nlp is not None:
            models += [pipe.model for _, pipe in find_upstream(self.nlp, listeners)]
        elif listeners:
            self._warn_once(
                f"'{self.name}' was sourced from another pipeline and cannot find its encoder, so "
                "averaged parameters reach the heads and not the encoder. Set use_averages = "
                "false in [training.optimizer]."
            )
        with self.model.use_params(params), use_torch_params(models, params):
            yield

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize the component, with what its weighting has learned ("weighting").

        exclude (Iterable[str]): Parts to leave out.
        RETURNS (bytes): The component.
        """
        exclude = list(exclude)
        # The component's own bytes as they are: they hold the encoder, perhaps.
        message: Dict[str, Any] = {"component": super().to_bytes(exclude=exclude)}
        if "weighting" not in exclude:
            message["weighting"] = pack(self._get_state(), self.weighting)
        return srsly.msgpack_dumps(message)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "MultiTask":
        """Load the component: see `to_bytes`.

        bytes_data (bytes): What `to_bytes` gave.
        exclude (Iterable[str]): Parts to leave out.
        RETURNS (MultiTask): This component.
        """
        exclude = list(exclude)
        message = unpacked(self.name, bytes_data)
        # Version 0.1.0 wrote the component alone, without a state.
        load_from_bytes(self, message.get("component", bytes_data), exclude)
        if "weighting" not in exclude and message.get("weighting") is not None:
            with explained_state("part 'weighting' of the bytes"):
                self._set_state(unpack(message["weighting"]))
        return self

    def to_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> None:
        """Write the component, with what its weighting has learned ("weighting").

        path (Union[str, Path]): A folder.
        exclude (Iterable[str]): Parts to leave out.
        """
        exclude = list(exclude)
        super().to_disk(path, exclude=exclude)
        if "weighting" not in exclude:
            (Path(path) / "weighting").write_bytes(pack(self._get_state(), self.weighting))

    def from_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> "MultiTask":
        """Load the component: see `to_disk`.

        path (Union[str, Path]): A folder.
        exclude (Iterable[str]): Parts to leave out.
        RETURNS (MultiTask): This component.
        """
        exclude = list(exclude)
        load_from_disk(self, path, exclude)
        file = Path(path) / "weighting"
        if "weighting" not in exclude and file.exists():
            with explained_state(str(file)):
                self._set_state(unpack(file.read_bytes()))
        return self

    def forget(self) -> None:
        """Have the weighting know nothing again: it is needed for training only."""
        self._closer = StepCloser()
        set_state(self.weighting, deepcopy(self._untrained))

    def get_training_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What a training that goes on needs, beside what is saved."""
        get_monitor = getattr(self.monitor, "get_state", None)
        return {
            "tasks": self._membership.get_state(),
            "batch": self._closer.get_batch(),
            "monitor": None if get_monitor is None else get_monitor(),
        }

    def set_training_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_training_state` gave.

        state (Dict[str, Any]): The state.
        """
        self._membership.set_state(state["tasks"])
        if state["batch"] is not None:
            self._closer.set_batch(self, state["batch"])
        set_monitor = getattr(self.monitor, "set_state", None)
        if state["monitor"] is not None and set_monitor is not None:
            set_monitor(state["monitor"])

    def _get_state(self) -> Dict[str, Any]:
        if self._step is not None and self._step.closed:
            self._closer.note_late(self._step)
        return {"weighting": get_state(self.weighting), "step": self._closer.get_state()}

    def _set_state(self, state: Dict[str, Any]) -> None:
        set_state(self.weighting, state["weighting"])
        self._closer.set_state(state["step"])

    def _refresh(self, nlp: Language, strict: bool = False) -> None:
        """Look at the pipeline again if it has changed since the last time."""
        pipeline = [(name, id(pipe)) for name, pipe in nlp.components]
        if (pipeline, self.tasks) == self._checked:
            return
        self.find_all_listeners(nlp)
        self._check_weighting(strict)
        self._check_only_one(nlp)
        upstream = upstream_listeners(self.model)
        check_tensor_is_ours(nlp, self.name, [name for name, _ in find_upstream(nlp, upstream)])
        check_all_served(nlp, self.name)
        check_no_rival(nlp, self.name, upstream)
        check_output(nlp, self.tasks)
        self._checked = (pipeline, self.tasks)

    def _check_weighting(self, strict: bool) -> None:
        try:
            self.weighting.check_tasks(self.tasks)
        except ValueError as err:
            if strict:
                raise
            # A head may have been left out of a trained pipeline.
            self._warn_once(str(err))
        self.weighting.check_training(self.gradients)
        if self.gradients == "parameters":
            check_exact(encoder_models(self))

    def _check_only_one(self, nlp: Language) -> None:
        others = [(name, pipe) for name, pipe in nlp.components if pipe is not self]
        check_only_one(self.name, type(self), others)

    def _end_step(self) -> None:
        """Close the open step, if there is one, without waiting any longer."""
        step = self._step
        if step is None:
            return
        if not step.closed:
            if step.answered:
                self._warn_late(step)
                self._closer.close(self, step)
            else:
                step.close()
        self._closer.note_late(step)
        self._membership.note_run(step.ran)
        self._step = None

    def _warn_late(self, step: JointStep) -> None:
        if not upstream_listeners(self.model):
            return
        silent = [task for task in step.expected if task not in step.d_views]
        cut_short = [task for task in silent if task in step.ran]
        if cut_short:
            self._warn_once(
                f"The update of '{cut_short[0]}' took its view of a batch and sent no gradient: "
                "it failed, most likely. What the tasks before it sent goes into the next step."
            )
            return
        self._warn_once(
            f"The last task of the pipeline sent no gradient for a batch (silent: "
            f"{', '.join(silent) or 'none'}), so '{self.name}' closed the joint step late: the "
            "encoder takes that batch's gradient one step later. It is not lost. To avoid the "
            "delay, let a head of this package stand last in [nlp.pipeline] (they always "
            "answer), and name components that are not to be trained in "
            "[training.frozen_components].",
            key="late",
        )

    def _warn_once(self, message: str, key: str = "") -> None:
        if (key or message) not in self._warned:
            self._warned.add(key or message)
            warnings.warn(message)

    def _regular(self, docs: Sequence[Doc], vectors: TokenVectors) -> TokenVectors:
        """Give documents without tokens an array of the right width."""
        width = self.model.get_dim("nO")
        return [
            vector if len(doc) else self.model.ops.alloc2f(0, width)
            for doc, vector in zip(docs, vectors)
        ]


def _rebuild(
    cls: type, vocab: Vocab, model: Model, name: str, settings: Dict, cfg: Any, listeners: Any
) -> MultiTask:
    component = cls(vocab, model, name, **settings)
    component.cfg = cfg
    component.listener_map = listeners
    return component

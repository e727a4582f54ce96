"""The listener: gives a head its view of the shared encoder, and sends its gradient back."""

import copy
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple
from weakref import WeakMethod

from spacy.errors import Errors
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model

from ..registry import register
from ..settings import AT_LEAST_ONE, NOT_EMPTY
from ..types import Encoder, TokenVectors, ViewCallback


@dataclass
class RunState:
    """What a listener holds from the forward pass of a step until it closes.

    docs (List[Doc]): The documents of the batch.
    view (List[Floats2d]): The task's view of them. Shape of each: (n_tokens, width).
    answer (Callable): Takes the gradient of the view.
    was_read (bool): Whether the head has taken its view.
    """

    docs: List[Doc]
    view: TokenVectors
    answer: ViewCallback
    was_read: bool = False


@register("architectures", "spacy_mtl.TaskListener.v1", upstream=NOT_EMPTY, width=AT_LEAST_ONE)
def create_task_listener(upstream: str = "mtl", width: Optional[int] = None) -> Encoder:
    """Create the layer that gives a head its task's view of the shared encoder.

    It is a Tok2VecListener, so it fits wherever spaCy's architectures take a
    `tok2vec`, in stock components too.

    upstream (str): The name of the 'mtl' component in the pipeline.
    width (Optional[int]): The width of the view. Defaults to the encoder's width.
    """
    return TaskListener(upstream, width)


class TaskListener(Tok2VecListener):
    """Take a task's view from the joint component and send its gradient back.

    In training, the view and the callback come from the open step. In prediction, the
    shared representation is read from `doc.tensor`. If the scheme's views differ from it, the
    joint component makes them.
    """

    name = "task-listener"

    def __init__(self, upstream_name: str, width: Optional[int] = None) -> None:
        Model.__init__(self, name=self.name, forward=_forward, init=_init, dims={"nO": width})
        self.upstream_name = upstream_name
        self.task: Optional[str] = None
        self.is_connected = False
        #: The view and callback of an open step, if any.
        self.held: Optional[RunState] = None
        self._docs_of_init: Optional[List[Doc]] = None
        self._encode: Any = None
        self._read: Any = None
        #: Whether its task's view differs from the shared representation.
        self.has_own_view = False
        self._is_copy = False

    def open(self, docs: Sequence[Doc], view: TokenVectors, answer: ViewCallback) -> None:
        """Hold a task's view of a batch until the head asks for it.

        docs (Sequence[Doc]): The documents of the batch.
        view (List[Floats2d]): One array per document. Shape: (n_tokens, width).
        answer (Callable): Takes the gradient of the view and returns zeros of the same
            shape.
        """
        self._docs_of_init = None
        self.held = RunState(list(docs), view, answer)

    def close(self) -> None:
        """Drop the view and the callback."""
        self._docs_of_init = self.held = None

    def connect(
        self,
        task: str,
        encode: Callable[[str, Sequence[Doc]], None],
        read: Optional[Callable[[str, Sequence[Doc]], TokenVectors]] = None,
    ) -> None:
        """Set the head this listener belongs to, and how to encode outside a step.

        task (str): The name of the head.
        encode (Callable): A method that sets `doc.tensor`. Held weakly.
        read (Optional[Callable]): A method that returns the task's view of documents with a
            tensor, if it differs from the tensor. Held weakly.
        """
        self.has_own_view = read is not None
        self._read = None if read is None else WeakMethod(read)
        self.task = task
        self.is_connected = True
        self._encode = WeakMethod(encode)

    @property
    def owner(self) -> Optional[Any]:
        """RETURNS (Optional[Any]): The joint component that it was connected to last."""
        encode = None if self._encode is None else self._encode()
        return None if encode is None else encode.__self__

    @property
    def is_served(self) -> bool:
        """RETURNS (bool): Whether a component with the upstream's name has adopted it."""
        if self._encode is None:
            return self.is_connected
        owner = self.owner
        if owner is None:
            return False
        is_adopted = any(node is self for node in owner.listeners)
        return bool(is_adopted and owner.name == self.upstream_name)

    @classmethod
    def get_batch_id(cls, inputs: Iterable[Doc]) -> int:
        """RETURNS (int): A hash of the batch. The same tokens give the same hash."""
        return hash(tuple(doc.to_array(["ORTH", "SPACY"]).tobytes() for doc in inputs))

    def verify_inputs(self, inputs: Sequence[Doc]) -> bool:
        """Check that the documents are those of the open step.

        inputs (Sequence[Doc]): The documents that the head was given.
        RETURNS (bool): True.
        RAISES (ValueError): If they are different documents, or their tokens have changed.
        """
        held = self.held
        if held is None:
            raise ValueError(Errors.E954)
        if len(held.docs) != len(inputs) or any(a is not b for a, b in zip(held.docs, inputs)):
            expected, found = self.get_batch_id(held.docs), self.get_batch_id(inputs)
            if found != expected:
                raise ValueError(Errors.E953.format(id1=found, id2=expected))
        for doc, vectors in zip(inputs, held.view):
            if len(doc) != len(vectors):
                raise ValueError(
                    f"The text {doc.text[:60]!r} has {len(doc)} tokens for the component "
                    f"'{self.task}', but had {len(vectors)} for '{self.upstream_name}'. In "
                    "training, no component between the two may merge or split tokens: remove it "
                    "from [training.annotating_components], or move it."
                )
        return True

    def __deepcopy__(self, memo: Dict[int, Any]) -> "TaskListener":
        # `nlp.resume_training` copies models for rehearsal. No component serves the copy of a
        # listener, so it encodes the documents itself.
        make, args, state = self.__reduce_ex__(2)[:3]
        copied = make(*args)
        memo[id(self)] = copied
        attributes, slots = copy.deepcopy(state, memo)
        for key, value in {**slots, **attributes}.items():
            setattr(copied, key, value)
        copied._encode, copied._read = self._encode, self._read
        copied._is_copy = True
        return copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        # Callbacks are closures over a batch. They can't be pickled and aren't needed.
        reduced = list(super().__reduce_ex__(protocol))
        state, slots = reduced[2]
        reduced[2] = (
            {**state, "held": None, "_docs_of_init": None, "_encode": None, "_read": None},
            slots,
        )
        return tuple(reduced)


def _init(model: TaskListener, X: Optional[Sequence[Doc]] = None, Y: Any = None) -> None:
    if not model.is_served:
        head = "A component" if model.task is None else f"The head '{model.task}'"
        raise ValueError(
            f"{head} listens to '{model.upstream_name}', but the pipeline has no component of "
            "that name and of factory 'mtl' before it. Add one to [nlp.pipeline], after the "
            "encoder and before all heads, or set 'upstream' of the spacy_mtl.TaskListener.v1 "
            "in the head's model to its name."
        )
    # thinc infers the shapes of later layers by predicting on these documents.
    model._docs_of_init = None if X is None else list(X)


def _forward(
    model: TaskListener, docs: Sequence[Doc], is_train: bool
) -> Tuple[TokenVectors, Callable]:
    if is_train and model.held is not None:
        model.verify_inputs(docs)
        model.held.was_read = True
        return model.held.view, model.held.answer
    if (is_train or model._is_copy) and model._encode is not None:
        _encode_outside_of_step(model, docs)
    if model.has_own_view:
        return _read_own_views(model, docs), _no_gradient
    return [_read_view(model, doc) for doc in docs], _no_gradient


def _encode_outside_of_step(model: TaskListener, docs: Sequence[Doc]) -> None:
    # Rehearsal, or a frozen 'mtl': the head trains without a joint step.
    encode = model._encode()
    if encode is not None:
        encode(model.task, docs)


def _read_own_views(model: TaskListener, docs: Sequence[Doc]) -> TokenVectors:
    read = None if model._read is None else model._read()
    if read is None:
        raise ValueError(
            f"The component '{model.task}' has its own view of the shared representation, which "
            f"'{model.upstream_name}' makes, but that component is gone. Use it in a pipeline "
            f"with '{model.upstream_name}', or call nlp.replace_listeners first."
        )
    own = read.__self__.model
    present = [doc for doc in docs if doc.tensor.size > 0]
    for doc in present:
        _check_shape(model, doc, own.maybe_get_dim("nO"))
    views = iter(read(model.task, present))
    return [next(views) if doc.tensor.size > 0 else _no_view(model, doc) for doc in docs]


def _read_view(model: TaskListener, doc: Doc) -> Any:
    if doc.tensor.size > 0:
        _check_shape(model, doc, model.maybe_get_dim("nO"))
        return doc.tensor
    return _no_view(model, doc)


def _no_view(model: TaskListener, doc: Doc) -> Any:
    """RETURNS (Floats2d): Zeros, for documents that need no view."""
    of_init = model._docs_of_init or []
    if len(doc) == 0 or any(doc is other for other in of_init):
        return model.ops.alloc2f(len(doc), _width(model))
    raise ValueError(
        f"The component '{model.task or 'unknown'}' needs the output of "
        f"'{model.upstream_name}' for the text {doc.text[:60]!r}, but "
        f"'{model.upstream_name}' did not run on it. Enable '{model.upstream_name}' and the "
        "component it listens to. In training, also list both in "
        "[training.annotating_components], before any head that is listed there."
    )


def _width(model: TaskListener) -> int:
    if not model.has_dim("nO"):
        raise ValueError(
            f"'{model.upstream_name}', which the component '{model.task}' listens to, was not "
            "initialized. It can only be frozen or disabled if it (and any component it listens "
            f'to) is trained: set "source" in [components.{model.upstream_name}], or train it too.'
        )
    return model.get_dim("nO")


def _check_shape(model: TaskListener, doc: Doc, width: Optional[int]) -> None:
    if doc.tensor.shape[0] != len(doc) or (width and doc.tensor.shape[1] != width):
        raise ValueError(
            f"doc.tensor of the text {doc.text[:60]!r} has the shape {tuple(doc.tensor.shape)}, "
            f"but the component '{model.task}' expects ({len(doc)}, {width}) from "
            f"'{model.upstream_name}'. A component between the two has split tokens or written "
            f"doc.tensor: move it before '{model.upstream_name}' or after the heads."
        )


def _no_gradient(d_view: TokenVectors) -> List[Doc]:
    return []

"""A head's door to the joint component."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple
from weakref import WeakMethod

from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model

from ..registry import registry
from ..types import Encoder, TokenVectors, ViewCallback

# What a listener holds between the forward pass of a step and its closing.
_RUN_STATE: Dict[str, Any] = {
    "_batch_id": None,
    "_docs": None,
    "_outputs": None,
    "_backprop": None,
    "_docs_of_init": None,
    "_encode": None,
}


@registry.architectures("spacy_mtl.TaskListener.v1")
def create_task_listener(upstream: str = "mtl", width: Optional[int] = None) -> Encoder:
    """Create the layer that gives a head its task's view of the shared encoder.

    It is a Tok2VecListener, so it fits wherever spaCy's architectures take a
    `tok2vec`, in stock components too.

    upstream (str): The name of the 'mtl' component in the pipeline.
    width (Optional[int]): Width of the view. By default that of the encoder.
    """
    return TaskListener(upstream, width)


class TaskListener(Tok2VecListener):
    """Gets a task's view from the joint component and gives its gradient back.

    In training the view and the callback come from the open step. At prediction
    the shared representation is read from `doc.tensor`; a scheme whose views
    differ by task has its own place for them here, in `_read_view`.
    """

    name = "task-listener"

    def __init__(self, upstream_name: str, width: Optional[int] = None) -> None:
        Model.__init__(self, name=self.name, forward=_forward, init=_init, dims={"nO": width})
        self.upstream_name = upstream_name
        self.task: Optional[str] = None
        self.was_read = False
        self._docs: Optional[List[Doc]] = None
        self._docs_of_init: Optional[List[int]] = None
        self._encode: Any = None

    def open(self, docs: Sequence[Doc], view: TokenVectors, answer: ViewCallback) -> None:
        """Hold a task's view of a batch until the head asks for it.

        docs (Sequence[Doc]): The documents of the batch.
        view (List[Floats2d]): One array a document. Shape: (n_tokens, width).
        answer (Callable): Takes the gradient of the view, returns zeros like it.
        """
        self.receive(self.get_batch_id(docs), view, answer)
        self._docs = list(docs)
        self.was_read = False

    def close(self) -> None:
        """Forget the view and the callback."""
        vars(self).update({**_RUN_STATE, "_encode": self._encode})

    def connect(self, task: str, encode: Callable[[Sequence[Doc]], None]) -> None:
        """Learn whose listener this is, and how to encode documents outside of a step.

        task (str): The name of the head.
        encode (Callable): A method that sets `doc.tensor`; held weakly.
        """
        self.task = task
        self._encode = WeakMethod(encode)

    @classmethod
    def get_batch_id(cls, inputs: Iterable[Doc]) -> int:
        """RETURNS (int): A number for a batch, the same for the same texts."""
        return hash(tuple(doc.text for doc in inputs))

    def verify_inputs(self, inputs: Sequence[Doc]) -> bool:
        """Check that the documents are those of the open step.

        RAISES (ValueError): If they are others.
        """
        held = self._docs
        if held is not None and len(held) == len(inputs):
            if all(a is b for a, b in zip(held, inputs)):
                return True
        return bool(super().verify_inputs(inputs))

    def __reduce_ex__(self, protocol: Any) -> Any:
        # Callbacks are closures over a batch: no pickle takes them, none needs them.
        reduced = list(super().__reduce_ex__(protocol))
        state, slots = reduced[2]
        reduced[2] = ({**state, **_RUN_STATE}, slots)
        return tuple(reduced)


def _init(model: TaskListener, X: Optional[Sequence[Doc]] = None, Y: Any = None) -> None:
    if model.task is None:
        raise ValueError(
            f"A component listens to '{model.upstream_name}', but no component of that name and "
            "of factory 'mtl' stands before it in the pipeline. Put one into [nlp.pipeline], "
            "after the encoder and before all heads, or write its name into 'upstream' of the "
            "spacy_mtl.TaskListener.v1 in the model of the head."
        )
    # thinc infers the shapes of later layers from one prediction on these.
    model._docs_of_init = None if X is None else [id(doc) for doc in X]


def _forward(
    model: TaskListener, docs: Sequence[Doc], is_train: bool
) -> Tuple[TokenVectors, Callable]:
    if is_train and model._batch_id is not None:
        model.verify_inputs(docs)
        model.was_read = True
        return model._outputs, model._backprop  # type: ignore[return-value]
    if is_train and model._encode is not None:
        _encode_outside_of_step(model, docs)
    return [_read_view(model, doc, docs) for doc in docs], _no_gradient


def _encode_outside_of_step(model: TaskListener, docs: Sequence[Doc]) -> None:
    # Rehearsal, or a frozen 'mtl': there is a head to train, but no step to join.
    missing = [doc for doc in docs if len(doc) and doc.tensor.size == 0]
    encode = model._encode()
    if missing and encode is not None:
        encode(missing)


def _read_view(model: TaskListener, doc: Doc, docs: Sequence[Doc]) -> Any:
    if doc.tensor.size > 0:
        return doc.tensor
    if len(doc) == 0 or model._docs_of_init == [id(doc) for doc in docs]:
        return model.ops.alloc2f(len(doc), model.get_dim("nO"))
    raise ValueError(
        f"The component '{model.task or 'unknown'}' needs the output of "
        f"'{model.upstream_name}' for the text {doc.text[:60]!r}, but "
        f"'{model.upstream_name}' did not run on it. Enable '{model.upstream_name}' and what it "
        f"listens to. In training, a component that annotates needs '{model.upstream_name}' and "
        "what it listens to in [training.annotating_components], before itself."
    )


def _no_gradient(d_view: TokenVectors) -> List[Doc]:
    return []

"""One forward pass through encoder and sharing scheme, and the backward passes it allows."""

from dataclasses import dataclass
from typing import Any, Callable, List, Mapping, Sequence, Tuple

from spacy.tokens import Doc
from thinc.api import Model, Ops

from ..parameters import Slot
from ..sharing.contract import as_features, private_slots, scheme_state, shared_slots
from ..types import Features, TokenVectors, Views
from .upstream import HeldCallbacks


@dataclass(frozen=True)
class Backward:
    """The backward passes of a batch: through the scheme, and through the encoder.

    views (Callable): Turns the gradient of one task's view, or of the auxiliary losses, into
        the gradient of the features. Called several times.
    trunk (Callable): Sends the gradient of the features through the encoder. Set `keep=True`
        if another pass follows.
    shared (Sequence[Slot]): The scheme's parameters that several tasks use.
    private (Sequence[Slot]): The scheme's parameters that belong to a single task.
    strengths (Mapping[str, float]): The weight of each auxiliary loss.
    ops (Ops): Allocates arrays.
    """

    views: Callable[[Views], Features]
    trunk: Callable[..., object]
    shared: Sequence[Slot]
    private: Sequence[Slot]
    strengths: Mapping[str, float]
    ops: Ops


def run_forward(
    model: Model, docs: List[Doc], tasks: Sequence[str], listeners: Sequence[Any]
) -> Tuple[Views, Backward]:
    """Run encoder (the scheme's trunk) and sharing scheme on a batch, in training mode.

    model (Model): The model of the joint component.
    docs (List[Doc]): The documents.
    tasks (Sequence[str]): The tasks that need a view.
    listeners (Sequence[Model]): The layers that listen to an earlier component.
    RETURNS (Tuple[Views, Backward]): Each task's view, and the backward passes.
    """
    trunk, sharing = model.get_ref("tok2vec"), model.get_ref("sharing")
    found, backprop_trunk = trunk.begin_update(docs)
    # Only plain vectors need this: a trunk that makes `Features` handles empty documents itself.
    features = as_features(regular(model, docs, found) if isinstance(found, list) else found)
    views, backprop_views = sharing.begin_update((features, tasks))
    held = HeldCallbacks(listeners)

    def backprop(d_features: List[Any], keep: bool = False) -> None:
        with held.restored(keep):
            backprop_trunk(d_features)

    strengths = scheme_state(sharing).strengths() if views.losses else {}
    private = [slot for slots in private_slots(sharing).values() for slot in slots]
    shared = shared_slots(sharing)
    return views, Backward(backprop_views, backprop, shared, private, strengths, model.ops)


def regular(model: Model, docs: Sequence[Doc], vectors: TokenVectors) -> TokenVectors:
    """Give documents without tokens an empty array of the right width.

    model (Model): The model of the joint component.
    docs (Sequence[Doc]): The documents.
    vectors (List[Floats2d]): The encoder's output. Shape of each: (n_tokens, width).
    RETURNS (List[Floats2d]): The vectors, with those of empty documents replaced.
    """
    width = model.get_dim("nO")
    return [
        vector if len(doc) else model.ops.alloc2f(0, width) for doc, vector in zip(docs, vectors)
    ]

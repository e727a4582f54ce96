"""One forward pass through encoder and scheme, and what it takes to go back."""

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
    """The backward passes of a batch, through the scheme and through the encoder.

    views (Callable): From the gradient of one task's view, or of the auxiliary losses, to that
        of the features. Called several times.
    trunk (Callable): From the gradient of the features to the encoder. `keep=True`: there will
        be another pass.
    shared (Sequence[Slot]): The parameters of the scheme that more than one task uses.
    private (Sequence[Slot]): Its parameters that are of one task each.
    strengths (Mapping[str, float]): The weight of each auxiliary loss.
    ops (Ops): Makes arrays.
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
    """Run encoder and scheme on a batch, in training.

    model (Model): The model of the joint component.
    docs (List[Doc]): The documents.
    tasks (Sequence[str]): The tasks that need a view.
    listeners (Sequence[Model]): The layers by which the model listens to a component before it.
    RETURNS (Tuple[Views, Backward]): The views, and the way back.
    """
    trunk, sharing = model.get_ref("tok2vec"), model.get_ref("sharing")
    found, backprop_trunk = trunk.begin_update(docs)
    # Features of other shapes are their trunk's own business.
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
    """Give documents without tokens an array of the right width.

    model (Model): The model of the joint component.
    docs (Sequence[Doc]): The documents.
    vectors (List[Floats2d]): What its encoder gives. Shape of each: (n_tokens, width).
    RETURNS (List[Floats2d]): The same, but for documents without tokens.
    """
    width = model.get_dim("nO")
    return [
        vector if len(doc) else model.ops.alloc2f(0, width) for doc, vector in zip(docs, vectors)
    ]

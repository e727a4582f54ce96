"""A sharing scheme for tests: a shared linear layer, a private one per task, an auxiliary loss."""

from typing import Any, Callable, Dict, List, Sequence, Tuple

import torch
from linear_network import make_linear_nlp, make_table
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Linear, Model, PyTorchWrapper

from spacy_mtl.sharing.contract import Scheme, set_private, set_scheme
from spacy_mtl.types import Encoder, Features, Sharing, StepReport, TokenVectors, Views

TASKS = ["t0", "t1", "t2"]


class FadingStrength(Scheme):
    """Halve the weight of the auxiliary loss after each step."""

    def __init__(self, strength: float) -> None:
        self.strength = strength

    def strengths(self) -> Dict[str, float]:
        return {"size": self.strength}

    def note_closed(self, report: StepReport) -> None:
        self.strength /= 2

    def get_state(self) -> Dict[str, Any]:
        return {"strength": self.strength}

    def set_state(self, state: Dict[str, Any]) -> None:
        self.strength = state["strength"]


def make_mixed_sharing(
    tok2vec: Encoder, tasks: Sequence[str], *, strength: float = 0.0, in_torch: bool = False
) -> Model[List[Doc], TokenVectors]:
    """Pass the features through a shared layer, then through a private layer for each task.

    The auxiliary loss "size" is half the squared norm of the shared layer's output, mean per
    token.
    """
    width = tok2vec.get_dim("nO")
    shared = _linear(width, in_torch)
    own = {task: _linear(width, in_torch) for task in tasks}
    sharing: Sharing = Model("mixed_views", _views, layers=[shared, *own.values()])
    sharing.set_ref("shared", shared)
    for task, layer in own.items():
        set_private(sharing, task, layer)
    if strength:
        set_scheme(sharing, FadingStrength(strength))
    return Model(
        "mixed_sharing",
        lambda model, docs, is_train: model.get_ref("tok2vec")(docs, is_train),
        init=_init,
        layers=[tok2vec, sharing],
        dims={"nO": width},
        refs={"tok2vec": tok2vec, "sharing": sharing},
    )


def _linear(width: int, in_torch: bool) -> Model:
    if in_torch:
        return PyTorchWrapper(torch.nn.Linear(width, width))
    return Linear(width, width)


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    for layer in model.layers:
        layer.initialize()
    for layer in model.get_ref("sharing").layers:
        layer.initialize()


def _views(
    model: Sharing, inputs: Tuple[Features, Sequence[str]], is_train: bool
) -> Tuple[Views, Callable[[Views], Features]]:
    features, tasks = inputs
    ops = model.ops
    lengths = ops.asarray1i([len(array) for array in features.arrays])
    common, backprop_shared = model.get_ref("shared")(ops.flatten(features.arrays), is_train)
    found, backprops = {}, {}
    for task in tasks:
        view, backprops[task] = model.get_ref(f"private:{task}")(common, is_train)
        found[task] = ops.unflatten(view, lengths)
    n_tokens = max(1, len(common))
    size = float((common**2).sum()) / 2 / n_tokens

    def backprop(d_views: Views) -> Features:
        d_common = ops.alloc2f(*common.shape)
        for task, d_view in d_views.by_task.items():
            d_common += backprops[task](ops.flatten(d_view))
        d_common += d_views.losses.get("size", 0.0) * common / n_tokens
        return Features(ops.unflatten(backprop_shared(d_common), lengths))

    return Views(found, {"size": size}), backprop


def make_nlp(level: str, weighting: Dict[str, Any], **scheme: Any) -> Language:
    """Three tagging heads on the scheme, over an embedding and a linear layer with tanh."""
    model = make_mixed_sharing(make_table(), TASKS, **scheme)
    return make_linear_nlp(len(TASKS), level, weighting, model)

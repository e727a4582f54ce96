"""Hard parameter sharing: every task sees the same shared representation."""

from typing import Callable, List, Sequence, Tuple

from spacy.tokens import Doc
from thinc.api import Model

from ..registry import register
from ..types import Encoder, Features, Sharing, TokenVectors, Views
from .scheme import make_scheme


@register("architectures", "spacy_mtl.HardSharing.v1")
def HardSharing(tok2vec: Encoder) -> Model[List[Doc], TokenVectors]:
    """Share the whole encoder between all tasks.

    The model maps documents to the shared representation. Its ref "sharing" maps that
    to each task's view, which here is the representation itself.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder, usually a
        TransformerListener.
    SOURCE: Caruana 1993, "Multitask Learning: A Knowledge-Based Source of
        Inductive Bias".
    """
    return make_scheme("hard_sharing", tok2vec, Model("same_view", _same_view))


def _same_view(
    model: Sharing, inputs: Tuple[Features, Sequence[str]], is_train: bool
) -> Tuple[Views, Callable[[Views], Features]]:
    features, tasks = inputs

    def backprop(d_views: Views) -> Features:
        (d_view,) = d_views.by_task.values()
        return Features(d_view)

    return Views({task: features.arrays for task in tasks}), backprop

"""Hard parameter sharing: every task sees the same shared representation."""

from typing import Callable, List, Optional, Sequence, Tuple

from spacy.tokens import Doc
from thinc.api import Model

from ..registry import register
from ..types import Encoder, Features, Sharing, TokenVectors, Views


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
    sharing: Sharing = Model("same_view", _same_view)
    return Model(
        "hard_sharing",
        _forward,
        init=_init,
        layers=[tok2vec, sharing],
        dims={"nO": tok2vec.maybe_get_dim("nO")},
        refs={"tok2vec": tok2vec, "sharing": sharing},
    )


def _forward(
    model: Model[List[Doc], TokenVectors], docs: List[Doc], is_train: bool
) -> Tuple[TokenVectors, Callable[[TokenVectors], List[Doc]]]:
    return model.get_ref("tok2vec")(docs, is_train)


def _init(
    model: Model[List[Doc], TokenVectors],
    X: Optional[List[Doc]] = None,
    Y: Optional[TokenVectors] = None,
) -> None:
    tok2vec = model.get_ref("tok2vec")
    tok2vec.initialize(X=X)
    if model.has_dim("nO"):
        return
    if tok2vec.has_dim("nO"):
        model.set_dim("nO", tok2vec.get_dim("nO"))
    elif X is not None and any(len(doc) for doc in X):
        # A chain that ends in trfs2arrays doesn't know its width, so predict once to find out.
        widths = [y.shape[1] for doc, y in zip(X, tok2vec.predict(X)) if len(doc)]
        model.set_dim("nO", widths[0])


def _same_view(
    model: Sharing, inputs: Tuple[Features, Sequence[str]], is_train: bool
) -> Tuple[Views, Callable[[Views], Features]]:
    features, tasks = inputs

    def backprop(d_views: Views) -> Features:
        (d_view,) = d_views.by_task.values()
        return Features(d_view)

    return Views({task: features.arrays for task in tasks}), backprop

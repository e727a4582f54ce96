"""What a batch without a token leaves, of a rank whose others have some."""

from typing import Sequence

from thinc.api import Model

from ..sharing.contract import scheme_of, split_slots
from ..types import Features, Views
from .backward import Backward


def no_views(model: Model, tasks: Sequence[str], n_docs: int) -> Views:
    """Make views without a token, for heads that run on such a batch, too.

    model (Model): The model of the joint component.
    tasks (Sequence[str]): The tasks that need one.
    n_docs (int): The number of documents.
    RETURNS (Views): The views. Shape of each array: (0, width).
    """
    scheme = scheme_of(model.get_ref("sharing"))
    widths = {task: scheme.view_width(task) or model.get_dim("nO") for task in tasks}
    return Views(
        {task: [model.ops.alloc2f(0, n) for _ in range(n_docs)] for task, n in widths.items()}
    )


def no_backward(model: Model) -> Backward:
    """RETURNS (Backward): What a batch without tokens leaves for the way back: nothing."""
    sharing = model.get_ref("sharing")
    shared, private = split_slots(sharing)
    shared.extend(scheme_of(sharing).borrowed(model.get_ref("tok2vec")))
    return Backward(
        lambda d_views: Features([]),
        lambda d_features, keep=False: None,
        shared,
        private,
        {},
        model.ops,
    )

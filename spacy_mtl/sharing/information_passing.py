"""Information passing: the tower of a task sees the states of the towers of other tasks."""

from functools import partial
from typing import Callable, Dict, List

from spacy.tokens import Doc
from thinc.api import Model

from ..registry import block_of, register
from ..settings import AT_LEAST_ONE, AT_LEAST_TWO, RATE, one_of
from ..types import Encoder, TokenVectors
from .hidden import Hidden
from .hierarchical import HierarchicalNetwork
from .label_embedding import LabelNetwork
from .layer import make_network_scheme
from .network import SharingNetwork
from .passing import TITLE
from .tower import Tower
from .tower_attention import TowerAttentionNetwork

METHODS = ("hierarchical", "labels", "attention")


@register(
    "architectures",
    TITLE,
    n_states=AT_LEAST_TWO,
    width=AT_LEAST_ONE,
    depth=AT_LEAST_ONE,
    dropout=RATE,
    method=one_of(METHODS),
)
def InformationPassing(
    tok2vec: Encoder,
    method: str = "hierarchical",
    order: List[str] = [],
    pass_gradient: bool = True,
    n_states: int = 32,
    width: int = 96,
    depth: int = 1,
    dropout: float = 0.1,
) -> Model[List[Doc], TokenVectors]:
    """Let the tower of each task see the states of the towers of other tasks.

    It sees states, never predictions: heads run after the sharing scheme. Towers of tasks that
    are not asked for, such as those of disabled heads, are computed where others need them.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder.
    method (str): How towers are read. "hierarchical": each tower stands on the one before it.
        "labels": each tower reads all earlier ones, through a bottleneck of soft classes.
        "attention": each task attends over all towers, token by token.
    order (List[str]): The tasks from the lowest to the highest, for the first two methods. By
        default in pipeline order.
    pass_gradient (bool): Whether the gradient of a task also trains the other towers that it
        reads. If not, they are constants to it, and each tower learns from its own task only.
    n_states (int): The number of soft classes of each tower, for "labels".
    width (int): The width of the hidden layers of the towers.
    depth (int): The number of these hidden layers.
    dropout (float): Their dropout rate.
    RAISES (ValueError): If there is an order, but the method has none.
    SOURCE: Sanh et al. 2019, arXiv:1811.06031 (hierarchical); Hashimoto et al. 2017,
        arXiv:1611.01587 (labels); Vaswani et al. 2017, arXiv:1706.03762 (attention). Differs: see
        `HierarchicalNetwork`, `LabelNetwork` and `TowerAttentionNetwork`.
    """
    new_tower = partial(Tower, hidden=Hidden(width, depth, dropout))
    build: Dict[str, Callable[[int], SharingNetwork]] = {
        "hierarchical": partial(
            HierarchicalNetwork, new_tower=new_tower, pass_gradient=pass_gradient, order=order
        ),
        "labels": partial(
            LabelNetwork,
            new_tower=new_tower,
            pass_gradient=pass_gradient,
            order=order,
            n_states=n_states,
        ),
        "attention": partial(
            TowerAttentionNetwork,
            new_tower=new_tower,
            pass_gradient=pass_gradient,
            query_width=width,
        ),
    }
    if order and method == "attention":
        raise ValueError(
            f"'order' of {TITLE} is {order}, but with method = \"attention\" every task reads all "
            'towers. Remove it, or set method = "hierarchical" or "labels". Fix it in '
            f"{block_of(TITLE)}."
        )
    return make_network_scheme(TITLE, tok2vec, build[method])

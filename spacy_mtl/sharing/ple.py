"""Progressive layered extraction: levels of shared and private experts."""

from functools import partial
from typing import Any, List

from spacy.tokens import Doc
from thinc.api import Model

from ..registry import register
from ..settings import AT_LEAST_ONE, RATE, one_of
from ..types import Encoder, TokenVectors
from .extraction import ExtractionNetwork
from .gates import GATE_KINDS
from .hidden import Hidden
from .layer import make_network_scheme
from .strengths import read_strength

TITLE = "spacy_mtl.PLE.v1"


@register(
    "architectures",
    TITLE,
    n_levels=AT_LEAST_ONE,
    n_shared=AT_LEAST_ONE,
    n_private=AT_LEAST_ONE,
    width=AT_LEAST_ONE,
    depth=AT_LEAST_ONE,
    dropout=RATE,
    gate=one_of(GATE_KINDS),
)
def PLE(
    tok2vec: Encoder,
    n_levels: int = 2,
    n_shared: int = 2,
    n_private: int = 1,
    width: int = 96,
    depth: int = 1,
    dropout: float = 0.1,
    gate: str = "token",
    balance: Any = 0.0,
) -> Model[List[Doc], TokenVectors]:
    """Let tasks separate step by step (progressive layered extraction): several levels of `CGC`.

    In each level, a task mixes the shared experts and its own. Below the last, a further gate
    mixes the experts of all tasks to what the shared experts of the next level read. So only the
    experts of the last level are private to their task. With one level it is `CGC`.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder.
    n_levels (int): The number of levels.
    n_shared (int): The number of shared experts of each level.
    n_private (int): The number of experts of each task of each level.
    width (int): The width of the hidden layers of each expert.
    depth (int): The number of hidden layers of each expert.
    dropout (float): Their dropout rate.
    gate (str): What gates read: the vector of each "token", or the mean over its "document".
    balance (Union[float, Iterable[float]]): The strength of the auxiliary loss "balance", the mean
        over levels, see `CGC`: a number, or a schedule of steps.
    SOURCE: Tang et al. 2020, "Progressive Layered Extraction (PLE): A Novel Multi-Task Learning
        Model for Personalized Recommendations", section 4.2, RecSys,
        doi:10.1145/3383313.3412236. Differs: experts are residual bottlenecks, so that the first
        views are close to the shared representation: a mixture is added to the vectors of its
        task (or to the shared ones) of the level below. The balance loss is that of Shazeer et al.
        2017, arXiv:1701.06538.
    """
    build = partial(
        ExtractionNetwork,
        title=TITLE,
        n_levels=n_levels,
        n_shared=n_shared,
        n_private=n_private,
        hidden=Hidden(width, depth, dropout),
        gate=gate,
        balance=read_strength("balance", balance, TITLE),
    )
    return make_network_scheme(TITLE, tok2vec, build)

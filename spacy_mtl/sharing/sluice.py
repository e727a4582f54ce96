"""Sluice networks: stitches between subspaces of the tasks' towers, and a mixture of layers."""

from functools import partial
from itertools import combinations
from typing import Any, Dict, List, Sequence, Tuple, cast

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..registry import block_of, register
from ..scheduled import Number
from ..settings import ABOVE_ZERO, AT_LEAST_ONE, RATE
from ..types import Encoder, StructureTable, TokenVectors
from .by_task import ByTask, Values
from .hidden import Hidden
from .layer import make_network_scheme
from .network import Batch, SharingNetwork
from .stitches import Stitches, stitch_tables
from .strengths import read_strength
from .tower import Bottleneck, Tower

TITLE = "spacy_mtl.Sluice.v1"
ORTHOGONALITY = "orthogonality"


@register(
    "architectures",
    TITLE,
    width=AT_LEAST_ONE,
    depth=AT_LEAST_ONE,
    dropout=RATE,
    n_subspaces=AT_LEAST_ONE,
    stitch_rate_scale=ABOVE_ZERO,
)
def Sluice(
    tok2vec: Encoder,
    width: int = 96,
    depth: int = 2,
    dropout: float = 0.1,
    n_subspaces: int = 2,
    orthogonality: Any = 0.01,
    own_weight: float = 0.9,
    other_weight: float = 0.05,
    last_weight: float = 0.9,
    stitch_rate_scale: float = 10.0,
) -> Model[List[Doc], TokenVectors]:
    """Let tasks learn which parts of each other's towers they read, and from which layers.

    Each task has a tower. The hidden layers of towers are split into subspaces, and each subspace
    of each task is a combination of all subspaces of all tasks, with one weight each. A task's
    view is a weighted sum of the shared representation and the outputs of all layers of its tower.
    A task that is added to a trained scheme is not read by the others at first, so their
    predictions stay the same.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder.
    width (int): The width of the hidden layers of the towers.
    depth (int): The number of layers of each tower.
    dropout (float): The dropout rate of the hidden layers.
    n_subspaces (int): The number of subspaces of each hidden layer. Divides `width`.
    orthogonality (Union[float, Iterable[float]]): The strength of the auxiliary loss
        "orthogonality", >= 0, or a schedule. The loss is the squared Frobenius norm of the product
        of the weight matrices of two subspaces, summed over pairs of subspaces, layers and towers.
        It keeps subspaces from reading the same directions of the representation.
    own_weight (float): The first weight of the same subspace of a task's own tower.
    other_weight (float): The first weight of each other subspace.
    last_weight (float): The first weight of the last layer in a task's view. The others, with that
        of the shared representation, are the same and add up to 1 with it.
    stitch_rate_scale (float): How many times faster all these weights learn than the towers, > 0,
        by Adam and optimizers like it. Only changes new schemes: a trained one keeps its factor.
    SOURCE: Ruder et al. 2019, "Latent Multi-task Architecture Learning", arXiv:1705.08142. Differs:
        towers of residual bottleneck layers, not LSTMs, whose hidden states are stitched; the
        penalty is on the weights into these, for units (rows) of different subspaces; the mixture
        includes the shared representation.
    """
    if width % n_subspaces:
        raise ValueError(
            f"'n_subspaces' of {TITLE} is {n_subspaces}, but it must divide 'width', which is "
            f"{width}. Fix it in {block_of(TITLE)}."
        )
    build = partial(
        SluiceNetwork,
        hidden=Hidden(width, depth, dropout),
        n_subspaces=n_subspaces,
        orthogonality=read_strength(ORTHOGONALITY, orthogonality, TITLE),
        first_weights=(own_weight, other_weight),
        last_weight=last_weight,
        stitch_rate_scale=stitch_rate_scale,
    )
    return make_network_scheme(TITLE, tok2vec, build)


class SluiceNetwork(SharingNetwork):
    """The network of `Sluice`: see there.

    width (int): The width of the shared representation.
    """

    scale: Tensor

    def __init__(
        self,
        width: int,
        *,
        hidden: Hidden,
        n_subspaces: int,
        orthogonality: Number,
        first_weights: Tuple[float, float],
        last_weight: float,
        stitch_rate_scale: float,
    ) -> None:
        super().__init__(TITLE, width, {ORTHOGONALITY: orthogonality})
        self._hidden = hidden
        self._n_subspaces = n_subspaces
        self._first_mixture = [
            *[(1 - last_weight) / self._hidden.depth] * self._hidden.depth,
            last_weight,
        ]
        self.towers = ByTask()
        #: One per layer.
        self.stitches: Sequence[Stitches] = torch.nn.ModuleList(  # type: ignore[assignment]
            Stitches(*first_weights, stitch_rate_scale, n_subspaces)
            for _ in range(self._hidden.depth)
        )
        self.mixtures = ByTask()
        # See `Stitches`.
        self.register_buffer("scale", torch.tensor([stitch_rate_scale]))

    def add_task(self, task: str) -> None:
        super().add_task(task)
        self.towers.add(task, Tower(self.width, self._hidden))
        for stitches in self.stitches:
            stitches.add_task(task, is_late=self.is_trained)
        self.mixtures.add(task, Values(torch.tensor(self._first_mixture) / self.scale.cpu()))

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        states = {task: X for task in self.tasks}
        mixtures = {task: self._mixture(task) for task in tasks}
        views = {task: mixtures[task][0] * X for task in tasks}
        for i in range(self._hidden.depth):
            hidden = torch.cat([self._layer(t, i).hidden(states[t]) for t in self.tasks], dim=1)
            # Views of absent tasks aren't computed, but layers of their towers are.
            readers = tasks if i == self._hidden.depth - 1 else self.tasks
            for task in readers:
                read = torch.nn.functional.linear(hidden, self._matrix(task, i))
                states[task] = states[task] + self._layer(task, i).up(read)
            for task in tasks:
                views[task] = views[task] + mixtures[task][i + 1] * states[task]
        with torch.autocast(X.device.type, enabled=False):
            return views, self._losses()

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        # What a task reads before the last layer reaches the other tasks through its tower.
        return {
            task: [
                *self.stitches[-1].parameters_of(task),
                *self._layer(task, -1).up.parameters(),
                *self.mixtures[task].parameters(),
            ]
            for task in self.tasks
        }

    def structure(self) -> List[StructureTable]:
        what = "The weight" if self._n_subspaces == 1 else "The mean absolute weight, of subspaces,"
        mixture = StructureTable(
            "mixture of layers",
            list(self.tasks),
            ["shared", *(f"layer {i + 1}" for i in range(self._hidden.depth))],
            [self._mixture(task).tolist() for task in self.tasks],
            "The weight of the shared representation and of each layer in the view of a task.",
        )
        return [*stitch_tables(self.stitches, what), mixture]

    def _matrix(self, task: str, i: int) -> Tensor:
        """RETURNS (Tensor): The matrix that makes what a task reads of the hidden states of all.
        *Shape:* (hidden width, n_tasks * hidden width).
        """
        weights = self.stitches[i].weights(task)
        size = self._hidden.width // self._n_subspaces
        # One large product is quicker than many small ones, of single subspaces.
        return torch.kron(weights, torch.eye(size, dtype=weights.dtype, device=weights.device))

    def _mixture(self, task: str) -> Tensor:
        return cast(Values, self.mixtures[task]).values * self.scale

    def _losses(self) -> Dict[str, Tensor]:
        if not self.training or self._n_subspaces == 1 or not self.strength(ORTHOGONALITY):
            return {}
        penalties = [
            (a @ b.T).square().sum()
            for task in self.tasks
            for i in range(self._hidden.depth)
            for a, b in combinations(self._layer(task, i).down.weight.chunk(self._n_subspaces), 2)
        ]
        return {ORTHOGONALITY: torch.stack(penalties).sum()}

    def _layer(self, task: str, i: int) -> Bottleneck:
        return cast(Bottleneck, cast(Tower, self.towers[task]).layers[i])

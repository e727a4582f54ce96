"""Cross-stitch networks: each task has a tower, and reads the towers of all tasks."""

from functools import partial
from typing import Dict, List, Sequence, Tuple, cast

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..registry import register
from ..settings import ABOVE_ZERO, AT_LEAST_ONE, RATE
from ..types import Encoder, StructureTable, TokenVectors
from .by_task import ByTask
from .hidden import Hidden
from .layer import make_network_scheme
from .network import Batch, SharingNetwork
from .stitches import Stitches, stitch_tables
from .tower import Bottleneck, Tower

TITLE = "spacy_mtl.CrossStitch.v1"


@register(
    "architectures",
    TITLE,
    width=AT_LEAST_ONE,
    depth=AT_LEAST_ONE,
    dropout=RATE,
    stitch_rate_scale=ABOVE_ZERO,
)
def CrossStitch(
    tok2vec: Encoder,
    width: int = 96,
    depth: int = 1,
    dropout: float = 0.1,
    own_weight: float = 0.9,
    other_weight: float = 0.1,
    stitch_rate_scale: float = 10.0,
) -> Model[List[Doc], TokenVectors]:
    """Give each task a tower, and let it learn how much to read of each task's tower.

    After each layer, what the layers of all towers add to the representation is combined for each
    task, with one weight per tower. Where tasks are unrelated, weights for the other towers fall
    to 0. A task that is added to a trained scheme is not read by the others at first, so their
    predictions stay the same.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder.
    width (int): The width of the hidden layers of the towers.
    depth (int): The number of layers of each tower.
    dropout (float): The dropout rate of the hidden layers.
    own_weight (float): The first weight of a task's own tower.
    other_weight (float): The first weight of each other tower.
    stitch_rate_scale (float): How many times faster these weights learn than the towers, > 0, by
        Adam and optimizers like it. Only changes new schemes: a trained one keeps its factor.
    SOURCE: Misra et al. 2016, "Cross-stitch Networks for Multi-task Learning", arXiv:1604.03539.
        Differs: combines what residual layers add, not their outputs, so that the shared
        representation passes through unscaled; any number of tasks; starts from small random
        towers, not from networks trained for each task.
    """
    build = partial(
        CrossStitchNetwork,
        hidden=Hidden(width, depth, dropout),
        first_weights=(own_weight, other_weight),
        stitch_rate_scale=stitch_rate_scale,
    )
    return make_network_scheme(TITLE, tok2vec, build)


class CrossStitchNetwork(SharingNetwork):
    """The network of `CrossStitch`: see there.

    width (int): The width of the shared representation.
    """

    def __init__(
        self,
        width: int,
        *,
        hidden: Hidden,
        first_weights: Tuple[float, float],
        stitch_rate_scale: float,
    ) -> None:
        super().__init__(TITLE, width)
        self._hidden = hidden
        self.towers = ByTask()
        #: One per layer.
        self.stitches: Sequence[Stitches] = torch.nn.ModuleList(  # type: ignore[assignment]
            Stitches(*first_weights, stitch_rate_scale) for _ in range(hidden.depth)
        )

    def add_task(self, task: str) -> None:
        super().add_task(task)
        self.towers.add(task, Tower(self.width, self._hidden))
        for stitches in self.stitches:
            stitches.add_task(task, is_late=self.is_trained)

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        states = {task: X for task in self.tasks}
        for i, stitches in enumerate(self.stitches):
            changes = torch.stack([self._layer(t, i)(state) for t, state in states.items()])
            # Views of absent tasks aren't computed, but layers of their towers are.
            readers = tasks if i == len(self.stitches) - 1 else self.tasks
            states = {
                task: states[task] + (stitches.weights(task) @ changes.flatten(1)).view_as(X)
                for task in readers
            }
        return states, {}

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        # What a task reads before the last layer reaches the other tasks through its tower.
        return {task: self.stitches[-1].parameters_of(task) for task in self.tasks}

    def structure(self) -> List[StructureTable]:
        return stitch_tables(self.stitches, "The weight")

    def _layer(self, task: str, i: int) -> Bottleneck:
        return cast(Bottleneck, cast(Tower, self.towers[task]).layers[i])

"""Task attention: a soft mask per task over the shared representation."""

from functools import partial
from typing import Any, Dict, List, Sequence, Tuple

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..registry import register
from ..settings import AT_LEAST_ONE, RATE
from ..types import Encoder, StructureTable, TokenVectors
from .by_task import ByTask
from .hidden import Hidden
from .layer import make_network_scheme
from .network import Batch, SharingNetwork
from .running_mean import RunningMean, untrained
from .tower import SMALL

TITLE = "spacy_mtl.TaskAttention.v1"
NOTE = (
    "Cosine of what the mean masks of two tasks add to 1: 1 if they amplify and damp the same "
    "features, -1 if opposite ones."
)


@register("architectures", TITLE, width=AT_LEAST_ONE, depth=AT_LEAST_ONE, dropout=RATE)
def TaskAttention(
    tok2vec: Encoder, width: int = 96, depth: int = 1, dropout: float = 0.1
) -> Model[List[Doc], TokenVectors]:
    """Let each task attend to a part of the shared representation.

    A task's view is the shared representation, times a mask in (0, 2) for each token and feature,
    which is computed from the token's vector.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder.
    width (int): The width of the hidden layers that compute the mask.
    depth (int): The number of these hidden layers.
    dropout (float): Their dropout rate.
    SOURCE: Liu et al. 2019, "End-to-End Multi-Task Learning with Attention" (MTAN),
        arXiv:1803.10704. Differs: one mask, over the encoder's output, and twice as large, so
        that the first views are close to the shared representation.
    """
    build = partial(AttentionNetwork, hidden=Hidden(width, depth, dropout))
    return make_network_scheme(TITLE, tok2vec, build)


class AttentionNetwork(SharingNetwork):
    """The network of `TaskAttention`: see there.

    width (int): The width of the shared representation.
    """

    def __init__(self, width: int, *, hidden: Hidden) -> None:
        super().__init__(TITLE, width)
        self._hidden = hidden
        self.masks = ByTask()

    def add_task(self, task: str) -> None:
        super().add_task(task)
        self.masks.add(task, Mask(self.width, self._hidden))

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        return {task: X * self.masks[task](X) for task in tasks}, {}

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        return {task: list(self.masks[task].parameters()) for task in self.masks}

    def note_closed(self, tasks: Sequence[str]) -> None:
        for task in tasks:
            mask: Any = self.masks[task]
            mask.added.note_closed()
        super().note_closed(tasks)

    def structure(self) -> List[StructureTable]:
        masks: Dict[str, Any] = {task: self.masks[task] for task in self.masks}
        if not masks:
            return []
        added = torch.stack([mask.added.mean for mask in masks.values()])
        units = torch.nn.functional.normalize(added, dim=1)
        tasks = list(masks)
        note = NOTE + untrained(added)
        return [StructureTable("overlap of masks", tasks, tasks, (units @ units.T).tolist(), note)]


class Mask(torch.nn.Module):
    """A mask over vectors, computed from the vectors themselves.

    width (int): The width of the vectors.
    hidden (Hidden): The sizes of the hidden layers.
    """

    def __init__(self, width: int, hidden: Hidden) -> None:
        super().__init__()
        layers: List[torch.nn.Module] = []
        for i in range(hidden.depth):
            layers += [
                torch.nn.Linear(hidden.width if i else width, hidden.width),
                torch.nn.GELU(),
                torch.nn.Dropout(hidden.dropout),
            ]
        self.hidden = torch.nn.Sequential(*layers)
        self.output = torch.nn.Linear(hidden.width, width)
        torch.nn.init.normal_(self.output.weight, std=SMALL)
        torch.nn.init.zeros_(self.output.bias)
        #: What the mask adds to 1.
        self.added = RunningMean(width)

    def forward(self, X: Tensor) -> Tensor:
        """Compute the mask.

        X (Tensor): Vectors. *Shape:* (n_tokens, width).
        RETURNS (Tensor): Factors in (0, 2). *Shape:* (n_tokens, width).
        """
        mask = 2 * torch.sigmoid(self.output(self.hidden(X)))
        if self.training:
            self.added.see(mask - 1)
        return mask

"""Task attention: a soft mask per task over the shared representation."""

from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..registry import register
from ..settings import AT_LEAST_ONE, RATE
from ..types import Encoder, StructureTable, TokenVectors
from .by_task import ByTask
from .layer import make_network_scheme
from .network import Batch, SharingNetwork
from .tower import SMALL

TITLE = "spacy_mtl.TaskAttention.v1"
#: How much of the running mean of a mask is left after a step.
DECAY = 0.99
NOTE = (
    "Cosine of what the mean masks of two tasks add to 1: 1 if they amplify and damp the same "
    "features, -1 if opposite ones. All 0: the task has not been trained."
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
    build = partial(AttentionNetwork, hidden_width=width, depth=depth, dropout=dropout)
    return make_network_scheme(TITLE, tok2vec, build)


class AttentionNetwork(SharingNetwork):
    """The network of `TaskAttention`: see there.

    width (int): The width of the shared representation.
    """

    def __init__(self, width: int, *, hidden_width: int, depth: int, dropout: float) -> None:
        super().__init__(TITLE, width)
        self._sizes = hidden_width, depth, dropout
        self.masks = ByTask()

    def add_task(self, task: str) -> None:
        super().add_task(task)
        self.masks.add(task, Mask(self.width, *self._sizes))

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        return {task: X * self.masks[task](X) for task in tasks}, {}

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        return {task: list(self.masks[task].parameters()) for task in self.masks}

    def note_closed(self, tasks: Sequence[str]) -> None:
        for task in tasks:
            mask: Any = self.masks[task]
            mask.note_closed()
        super().note_closed(tasks)

    def structure(self) -> List[StructureTable]:
        masks: Dict[str, Any] = {task: self.masks[task] for task in self.masks}
        if not masks:
            return []
        added = torch.stack([mask.mean - 1 for mask in masks.values()])
        units = torch.nn.functional.normalize(added, dim=1)
        tasks = list(masks)
        return [StructureTable("overlap of masks", tasks, tasks, (units @ units.T).tolist(), NOTE)]


class Mask(torch.nn.Module):
    """A mask over vectors, computed from the vectors themselves.

    width (int): The width of the vectors.
    hidden_width (int): The width of the hidden layers.
    depth (int): The number of hidden layers.
    dropout (float): Their dropout rate.
    """

    #: The mean of the mask over tokens, in recent training steps. *Shape:* (width,).
    mean: Tensor

    def __init__(self, width: int, hidden_width: int, depth: int, dropout: float) -> None:
        super().__init__()
        layers: List[torch.nn.Module] = []
        for i in range(depth):
            layers += [
                torch.nn.Linear(hidden_width if i else width, hidden_width),
                torch.nn.GELU(),
                torch.nn.Dropout(dropout),
            ]
        self.hidden = torch.nn.Sequential(*layers)
        self.output = torch.nn.Linear(hidden_width, width)
        torch.nn.init.normal_(self.output.weight, std=SMALL)
        torch.nn.init.zeros_(self.output.bias)
        self.register_buffer("mean", torch.ones(width))
        self._seen: Optional[Tensor] = None

    def forward(self, X: Tensor) -> Tensor:
        """Compute the mask.

        X (Tensor): Vectors. *Shape:* (n_tokens, width).
        RETURNS (Tensor): Factors in (0, 2). *Shape:* (n_tokens, width).
        """
        mask = 2 * torch.sigmoid(self.output(self.hidden(X)))
        if self.training:
            self._seen = mask.detach().mean(dim=0)
        return mask

    def note_closed(self) -> None:
        """Add the mask of the last training batch to the running mean."""
        if self._seen is not None:
            self.mean.lerp_(self._seen.to(self.mean), 1 - DECAY)
        self._seen = None

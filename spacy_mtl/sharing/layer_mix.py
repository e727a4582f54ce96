"""Layer mix: each task sees its own weighted mean of all layers of the encoder."""

import math
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..encoder.inside import read_all_layers
from ..encoder.layers import n_layers_of
from ..encoder.split import check_hidden_states
from ..registry import register
from ..settings import RATE, Rule
from ..types import Encoder, StructureTable, TokenVectors
from .by_task import ByTask
from .inside import EncoderLink, InsideShim
from .layer import make_network_scheme
from .network import Batch, SharingNetwork

TITLE = "spacy_mtl.LayerMix.v1"
_SHARE = Rule("a number above 0 and below 1, or null", lambda share: 0 < share < 1)


@register("architectures", TITLE, layer_dropout=RATE, last_weight=_SHARE)
def LayerMix(
    tok2vec: Encoder,
    layer_dropout: float = 0.1,
    last_weight: Optional[float] = None,
    freeze_encoder: bool = False,
) -> Model[List[Doc], TokenVectors]:
    """Let each task see its own weighted mean of all layers of the encoder.

    A task has one weight per layer (through a softmax, so that they sum to 1), the first for the
    embeddings, and a factor for the result. Gradients meet at the vectors of all layers.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder, a
        `spacy_mtl.TransformerEncoder.v1`.
    layer_dropout (float): How often a layer is left out of a task's mean in a training step.
        At least one layer stays.
    last_weight (Optional[float]): The weight of the last layer before training. The others share
        the rest. By default all have the same weight.
    freeze_encoder (bool): Whether the encoder isn't trained, but only the mixes. It then runs
        without dropout, as in prediction.
    RAISES (ValueError): If the encoder is of another kind, or a setting is out of range.
    SOURCE: Peters et al. 2018, "Deep contextualized word representations", arXiv:1802.05365
        (equation 1). Layer dropout: Kondratyuk and Straka 2019, "75 Languages, 1 Model: Parsing
        Universal Dependencies Universally", arXiv:1904.02099. Differs: one mix per task.
    """
    trunk = read_all_layers(tok2vec, TITLE, is_frozen=freeze_encoder)
    build = partial(MixNetwork, layer_dropout=layer_dropout, last_weight=last_weight)
    return make_network_scheme(TITLE, trunk, build, InsideShim)


class Mix(torch.nn.Module):
    """The mix of a task.

    n_layers (int): The number of layers, including the embeddings.
    last_weight (Optional[float]): The first weight of the last one.
    """

    def __init__(self, n_layers: int, last_weight: Optional[float]) -> None:
        super().__init__()
        self.scores = torch.nn.Parameter(torch.zeros(n_layers))
        self.gamma = torch.nn.Parameter(torch.ones(1))
        if last_weight is not None and n_layers > 1:
            rest = (1 - last_weight) / (n_layers - 1)
            torch.nn.init.constant_(self.scores[-1:], math.log(last_weight / rest))

    def forward(self, X: Tensor, dropout: float) -> Tensor:
        """Compute the mean.

        X (Tensor): The vectors of all layers. *Shape:* (n_tokens, n_layers, width).
        dropout (float): How often a layer is left out.
        RETURNS (Tensor): The vectors. *Shape:* (n_tokens, width).
        """
        scores: Tensor = self.scores
        if self.training and dropout:
            dropped = torch.rand_like(scores) < dropout
            # Without any layer there would be no mean.
            dropped &= ~dropped.all()
            scores = scores.masked_fill(dropped, -math.inf)
        weights = self.gamma * torch.softmax(scores, dim=0)
        return torch.einsum("nlw,l->nw", X, weights)


class MixNetwork(SharingNetwork):
    """The network of `LayerMix`: see there.

    width (int): The width of the encoder.
    encoder (EncoderLink): The encoder.
    """

    min_tasks = 1

    def __init__(
        self,
        width: int,
        encoder: EncoderLink,
        *,
        layer_dropout: float,
        last_weight: Optional[float],
    ) -> None:
        super().__init__(TITLE, width)
        check_hidden_states(encoder.network, TITLE)
        self.n_layers = n_layers_of(encoder.network) + 1
        self._layer_dropout = layer_dropout
        self._last_weight = last_weight
        self.mixes = ByTask()

    def add_task(self, task: str) -> None:
        super().add_task(task)
        self.mixes.add(task, Mix(self.n_layers, self._last_weight))

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        # Weights of a few layers need no speed, but their softmax needs precision.
        with torch.autocast(X.device.type, enabled=False):
            return {task: self.mixes[task](X, self._layer_dropout) for task in tasks}, {}

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        return {task: list(self.mixes[task].parameters()) for task in self.mixes}

    def structure(self) -> List[StructureTable]:
        if not self.tasks:
            return []
        columns = ["embeddings", *(f"layer {i}" for i in range(1, self.n_layers)), "factor"]
        values = [_weights_of(self.mixes[task]) for task in self.tasks]
        note = "The weight of each layer in the mean that a task sees, and the factor for the mean."
        return [StructureTable("layer mix", list(self.tasks), columns, values, note)]


def _weights_of(mix: Any) -> List[float]:
    with torch.no_grad():
        return [*torch.softmax(mix.scores, dim=0).tolist(), *mix.gamma.tolist()]

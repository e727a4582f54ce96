"""Adapters: tasks share an encoder, frozen or not, and each has small parts of its own in it."""

import sys
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
from spacy.tokens import Doc
from spacy.util import minibatch
from thinc.api import Model
from torch import Tensor

from ..encoder.adapted import AdaptedLayers, ChangedLayers, adapted_upper, linear_layers
from ..encoder.inside import read_lower_layers
from ..encoder.layers import find_layers, n_layers_of
from ..encoder.mode import evaluate
from ..encoder.split import try_split
from ..encoder.stacking import NotStackableError, StackingPlan
from ..encoder.stacking_trial import find_plan
from ..encoder.upper import run_copies
from ..hints import nearest
from ..registry import register
from ..settings import ABOVE_ZERO, AT_LEAST_ONE, RATE, one_of
from ..types import Encoder, StructureTable, TokenVectors
from .adapter_modules import (
    KINDS,
    Adapter,
    AdapterChanges,
    Bottlenecks,
    LowRank,
    place_of_layer,
    sizes_by_layer,
)
from .by_task import ByTask
from .inside import EncoderLink, InsideShim
from .layer import make_network_scheme
from .network import Batch, SharingNetwork

TITLE = "spacy_mtl.Adapters.v1"
#: The most rows of all copies in one pass on a CPU. Beyond, more tasks at a time bring nothing: the
#: rows fill the matrix products by themselves, and leave the caches.
_MOST_ROWS = 2048


@register(
    "architectures",
    TITLE,
    kind=one_of(KINDS),
    rank=AT_LEAST_ONE,
    alpha=ABOVE_ZERO,
    dropout=RATE,
    n_layers=AT_LEAST_ONE,
)
def Adapters(
    tok2vec: Encoder,
    kind: str = "lora",
    rank: int = 8,
    alpha: float = 16.0,
    dropout: float = 0.0,
    targets: List[str] = [],
    n_layers: Optional[int] = None,
    tasks: List[str] = [],
    freeze_encoder: bool = True,
) -> Model[List[Doc], TokenVectors]:
    """Give each task small parts of its own inside the encoder, which all tasks share.

    Untrained adapters change nothing, so a task that is added later starts from the encoder as it
    is. To predict, all tasks go through the layers in one pass, as copies of the texts in one
    batch, where the architecture allows it (on a CPU, in several if the batch is large). Gradients
    meet at the output of the embeddings, or of the layers below the adapters, and at the parameters
    of the layers with adapters, if these are trained. `doc.tensor` is that output, too, as the
    means of each token's wordpieces.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder, a
        `spacy_mtl.TransformerEncoder.v1`.
    kind (str): "lora" (a matrix of low rank is added to that of a linear layer) or "bottleneck" (a
        narrow network with a ReLU is added after each layer).
    rank (int): The rank of the matrices, or the width of the narrow network.
    alpha (float): With "lora", `alpha / rank` is a factor of what is added.
    dropout (float): How often an input of an adapter is left out in training.
    targets (List[str]): With "lora", the last parts of the names of the linear layers to change,
        such as "query" and "value". By default all of them.
    n_layers (Optional[int]): The number of upper layers that have adapters. The layers below run
        once for all tasks. By default all have.
    tasks (List[str]): The tasks that have adapters. By default all. The others see the encoder as
        it is, and predict exactly what they do with `HardSharing`; `doc.tensor` is what they see.
    freeze_encoder (bool): Whether the encoder isn't trained, but only the adapters.
    RAISES (ValueError): If the encoder is of another kind, or a setting is out of range.
    SOURCE: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685.
        Houlsby et al. 2019, "Parameter-Efficient Transfer Learning for NLP", arXiv:1902.00751.
        Differs: bottlenecks follow whole layers, as in Pfeiffer et al. 2020, "AdapterFusion",
        arXiv:2005.00247, but after the normalization.
    """
    trunk = read_lower_layers(
        tok2vec, TITLE, n_upper=n_layers, freeze_all=freeze_encoder, with_whole=bool(tasks)
    )
    build = partial(
        AdaptersNetwork,
        kind=kind,
        rank=rank,
        alpha=alpha,
        dropout=dropout,
        targets=targets,
        n_layers=n_layers,
        named=tasks,
        freeze_encoder=freeze_encoder,
    )
    return make_network_scheme(TITLE, trunk, build, InsideShim)


class AdaptersNetwork(SharingNetwork):
    """The network of `Adapters`: see there.

    width (int): The width of the encoder.
    encoder (EncoderLink): The encoder.
    """

    min_tasks = 1

    def __init__(
        self,
        width: int,
        encoder: EncoderLink,
        *,
        kind: str,
        rank: int,
        alpha: float,
        dropout: float,
        targets: List[str],
        n_layers: Optional[int],
        named: List[str],
        freeze_encoder: bool,
    ) -> None:
        super().__init__(TITLE, width)
        self.encoder = encoder
        self.kind, self.rank, self.alpha = kind, rank, alpha
        self._dropout = dropout
        self._named = named
        self._is_frozen = freeze_encoder
        self.n_layers = _checked_number(n_layers, encoder.network, self.where)
        try_split(encoder.network, self.n_layers)
        self._places = self._find_places(targets)
        self.adapters = ByTask()

    @property
    def scale(self) -> float:
        """RETURNS (float): What the product of the two matrices of LoRA is multiplied with."""
        return self.alpha / self.rank

    def add_task(self, task: str) -> None:
        super().add_task(task)
        if not self._named or task in self._named:
            self.adapters.add(task, Adapter(self._places, self.rank))

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        layers = self._layers()
        adapted = [task for task in tasks if task in self.adapters]
        is_packed = any(own.packed is not None for own in batch.context.batches)
        plan = None
        # A backward pass of one task would go through the copies of all.
        if len(adapted) > 1 and not torch.is_grad_enabled():
            plan = find_plan(self.encoder.network, self.n_layers, layers, is_packed=is_packed)
        # They are not a part of this network, whose mode was set.
        if self.training:
            layers.train()
        else:
            evaluate(layers)
        views: Dict[str, Tensor] = {}
        for some in minibatch(adapted, 1 if plan is None else _n_together(X)):
            views.update(self._views(some, X, batch.context, plan if len(some) > 1 else None))
        if len(adapted) < len(tasks):
            whole = batch.context.whole
            plain = run_copies(layers, X, batch.context, 1)[0] if whole is None else whole
            views.update((task, plain) for task in tasks if task not in views)
        return {task: views[task] for task in tasks}, {}

    def _views(
        self, tasks: Sequence[str], X: Tensor, context: Any, plan: Optional[StackingPlan]
    ) -> Dict[str, Tensor]:
        """RETURNS (Dict[str, Tensor]): What each task reads: in one pass if there is a plan."""
        run = ChangedLayers(self._layers(), self._changes(tasks), plan)
        try:
            return dict(zip(tasks, run_copies(run, X, context, len(tasks))))
        except NotStackableError:
            # The layers are given something else than when the encoder was tried out.
            apart = [self._views([task], X, context, None) for task in tasks]
            return {task: view for views in apart for task, view in views.items()}

    def train(self, mode: bool = True) -> "AdaptersNetwork":
        """Switch the mode, also of the layers of the encoder, which may be run again."""
        super().train(mode)
        # While it is made, there are no layers yet.
        if hasattr(self, "adapters"):
            self._layers().train(mode)
        return self

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        return {task: list(self.adapters[task].parameters()) for task in self.adapters}

    def rename_task(self, old: str, new: str) -> None:
        if old in self._named:
            raise ValueError(
                f"The component '{old}' was renamed '{new}', but 'tasks' of {TITLE} names '{old}'. "
                f"Rename it back, or set 'tasks' in {self.where} of the saved config, and load it "
                "again."
            )

    def check_tasks(self, tasks: Sequence[str]) -> None:
        super().check_tasks(tasks)
        for task in self._named:
            if task not in tasks:
                raise ValueError(
                    f"'tasks' of {TITLE} names '{task}', but the tasks of this pipeline are: "
                    f"{', '.join(tasks)}. Fix it in {self.where}."
                )

    def borrowed(self) -> List[torch.nn.Parameter]:
        return [] if self._is_frozen else list(self._layers().parameters())

    def structure(self) -> List[StructureTable]:
        rows = list(self.adapters)
        if not rows:
            return []
        first = n_layers_of(self.encoder.network) - self.n_layers + 1
        columns = [f"layer {first + i}" for i in range(self.n_layers)]
        scale = self.scale if self.kind == "lora" else 1.0
        values = [sizes_by_layer(self.adapters[task], scale, self.n_layers) for task in rows]
        note = "How much the adapter of a task changes each layer: the norm of its matrices."
        return [StructureTable("adapters", rows, columns, values, note)]

    def shape_of(self, name: str) -> Tuple[int, int]:
        """RETURNS (Tuple[int, int]): The numbers of outputs and inputs of what is changed."""
        return self._places[name]

    def full_name(self, name: str) -> str:
        """RETURNS (str): The name in the encoder of what is changed."""
        _, number, *rest = name.split(".")
        return ".".join([self._names()[int(number)], *rest])

    def short_name(self, full: str) -> str:
        """RETURNS (str): What `full_name` returned this for. The name itself if there is none."""
        for number, layer in enumerate(self._names()):
            if full == layer or full.startswith(f"{layer}."):
                return f"layers.{number}{full.removeprefix(layer)}"
        return full

    def _names(self) -> List[str]:
        return find_layers(self.encoder.network).layers[-self.n_layers :]

    def _layers(self) -> AdaptedLayers:
        names = self._places if self.kind == "lora" else ()
        return adapted_upper(self.encoder.network, self.n_layers, tuple(names))

    def _changes(self, tasks: Sequence[str]) -> AdapterChanges:
        adapters: List[Any] = [self.adapters[task] for task in tasks]
        settings: Dict[str, Any] = {"dropout": self._dropout, "is_train": self.training}
        if self.kind == "lora":
            return LowRank(adapters, scale=self.scale, **settings)
        return Bottlenecks(adapters, **settings)

    def _find_places(self, targets: Sequence[str]) -> Dict[str, Tuple[int, int]]:
        """RETURNS (Dict[str, Tuple[int, int]]): What is changed: outputs and inputs, by name."""
        if self.kind == "bottleneck":
            return {place_of_layer(i): (self.width, self.width) for i in range(self.n_layers)}
        found = linear_layers(self.encoder.network, self.n_layers)
        if not targets:
            return found
        ends = list(dict.fromkeys(name.rpartition(".")[2] for name in found))
        for target in targets:
            if not any(_is_of(name, target) for name in found):
                raise ValueError(
                    f"'targets' of {TITLE} has '{target}', but no linear layer of the encoder "
                    f"'{self.encoder.network.config.name_or_path}' is called so. "
                    f"{nearest(target, ends)}They are: {', '.join(ends)}. Fix it in {self.where}."
                )
        return {n: s for n, s in found.items() if any(_is_of(n, target) for target in targets)}


def _n_together(X: Tensor) -> int:
    """RETURNS (int): How many tasks go through the layers in one pass, as copies of the texts."""
    return sys.maxsize if X.is_cuda else max(1, _MOST_ROWS // max(1, len(X)))


def _is_of(name: str, target: str) -> bool:
    return name.endswith(f".{target}")


def _checked_number(n_layers: Optional[int], network: Any, where: str) -> int:
    """RETURNS (int): The number of layers with adapters."""
    n_all = n_layers_of(network)
    if n_layers is not None and n_layers > n_all:
        raise ValueError(
            f"'n_layers' of {TITLE} is {n_layers}, but the encoder "
            f"'{network.config.name_or_path}' has only {n_all} layers. Set it to {n_all} or less, "
            f"or to null for all of them, in {where}."
        )
    return n_all if n_layers is None else n_layers

"""Shared and private parts: the shared one may not show where a text comes from."""

import warnings
from functools import partial
from typing import Any, Dict, List, Mapping, Sequence, Tuple, cast

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..registry import register
from ..scheduled import Number
from ..settings import AT_LEAST_ONE, RATE, one_of
from ..types import Annotated, Encoder, StructureTable, TokenVectors
from .adversary import ADVERSARIES, Classes, Discriminator
from .by_task import ByTask
from .documents import Documents
from .hidden import Hidden
from .layer import make_network_scheme
from .network import Batch, SharingNetwork
from .running_mean import RunningMean, means_table
from .strengths import read_strength
from .tower import Tower

TITLE = "spacy_mtl.SharedPrivate.v1"
MERGES = ("sum", "concat")
#: After how many steps without anything to tell apart there is a warning.
PATIENCE = 20


@register(
    "architectures",
    TITLE,
    width=AT_LEAST_ONE,
    depth=AT_LEAST_ONE,
    dropout=RATE,
    adversary=one_of(ADVERSARIES),
    merge=one_of(MERGES),
)
def SharedPrivate(
    tok2vec: Encoder,
    width: int = 96,
    depth: int = 1,
    dropout: float = 0.1,
    adversary: str = "auto",
    adversary_strength: Any = 0.1,
    orthogonality_strength: Any = 0.01,
    merge: str = "sum",
) -> Model[List[Doc], TokenVectors]:
    """Give each task a shared and a private part of the representation.

    A discriminator tries to tell from the shared part where a text comes from, and the shared part
    is trained so that it can't. A batch of texts that all come from one place has no such loss, so
    train on mixed batches. The reversed gradient also reaches the encoder.

    It lowers what a discriminator finds, and what a fresh linear one finds after training. It
    doesn't make the shared part free of that information, so don't rely on it for privacy (Elazar
    & Goldberg 2018, arXiv:1808.06640).

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder.
    width (int): The width of the hidden layers, in both parts and the discriminator.
    depth (int): The number of hidden layers of each part.
    dropout (float): Their dropout rate.
    adversary (str): What the shared part may not tell: the "corpus" of a text, which "tasks" it is
        annotated for, or "auto" (the corpus if texts come from several, else the tasks).
    adversary_strength (Union[float, Iterable[float]]): The weight of the discriminator's loss:
        cross-entropy, mean per document. A number or a schedule.
    orthogonality_strength (Union[float, Iterable[float]]): The weight of the penalty on private
        parts that are correlated with the shared one. A number or a schedule.
    merge (str): The view of a task: the "sum" of its parts, or both, side by side ("concat").
    SOURCE: Liu et al. 2017, "Adversarial Multi-task Learning for Text Classification",
        arXiv:1704.05742. Differs: both parts are bottlenecks over one encoder: the shared part is
        residual, the private one only what a task adds to it, so that the first views are close
        to the shared representation; "sum"; the mean of a text's tokens is what the discriminator
        sees; it may tell corpora; how the gradient is reversed (see `Discriminator`); the scale
        of the penalty.
    """
    strengths = {
        "adversary": read_strength("adversary_strength", adversary_strength, TITLE),
        "orthogonality": read_strength("orthogonality_strength", orthogonality_strength, TITLE),
    }
    build = partial(
        SharedPrivateNetwork,
        hidden=Hidden(width, depth, dropout),
        adversary=adversary,
        strengths=strengths,
        merge=merge,
    )
    return make_network_scheme(TITLE, tok2vec, build)


class SharedPrivateNetwork(SharingNetwork):
    """The network of `SharedPrivate`: see there.

    width (int): The width of the shared representation.
    """

    needs_annotation = True

    def __init__(
        self,
        width: int,
        *,
        hidden: Hidden,
        adversary: str,
        strengths: Mapping[str, Number],
        merge: str,
    ) -> None:
        super().__init__(TITLE, width, strengths)
        self._hidden = hidden
        self._merge = merge
        #: What the gradient of the discriminator's loss is multiplied by on its way to the shared
        #: part. Set to 1 to compare it with finite differences.
        self.reversal = -1.0
        self.classes = Classes(adversary)
        self.shared = Tower(width, hidden)
        self.towers = ByTask()
        #: The lengths of both parts of a token's view.
        self.lengths = ByTask()
        self.discriminator = Discriminator(width, hidden.width)
        # Not part of the state: it only decides about a warning.
        self._n_idle = 0
        self._has_told = False

    def add_task(self, task: str) -> None:
        super().add_task(task)
        self.towers.add(task, Tower(self.width, self._hidden))
        self.lengths.add(task, RunningMean(2))

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        shared, private = self.parts(X, tasks)
        if self._merge == "sum":
            views = {task: shared + part for task, part in private.items()}
        else:
            views = {task: torch.cat([shared, part], dim=1) for task, part in private.items()}
        if not self.training:
            return views, {}
        for task, part in private.items():
            both = [torch.linalg.vector_norm(each.detach(), dim=1) for each in (shared, part)]
            self._length(task).see(torch.stack(both, dim=1))
        return views, self._losses(shared, private, batch)

    def parts(self, X: Tensor, tasks: Sequence[str]) -> Tuple[Tensor, Dict[str, Tensor]]:
        """Compute the shared part and the private part of each task, such as for a probe.

        X (Tensor): The shared representation. *Shape:* (n_tokens, width).
        tasks (Sequence[str]): The tasks.
        RETURNS (Tuple[Tensor, Dict[str, Tensor]]): The parts. *Shape of each:* (n_tokens, width).
        """
        return self.shared(X), {task: cast(Tower, self.towers[task]).change(X) for task in tasks}

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        return {task: list(self.towers[task].parameters()) for task in self.towers}

    def auxiliary(self) -> List[torch.nn.Parameter]:
        return list(self.discriminator.parameters())

    def view_width(self, task: str) -> int:
        return self.width * (1 if self._merge == "sum" else 2)

    def note_annotated(self, annotated: Sequence[Annotated]) -> None:
        self.classes.note_all(annotated)

    def note_closed(self, tasks: Sequence[str]) -> None:
        self.classes.note_closed()
        for task in tasks:
            self._length(task).note_closed()
        self._warn_if_idle()
        super().note_closed(tasks)

    def rename_task(self, old: str, new: str) -> None:
        self.classes.rename_task(old, new)

    def get_state(self) -> Dict[str, Any]:
        return {**super().get_state(), "classes": self.classes.get_state()}

    def set_state(self, state: Dict[str, Any]) -> None:
        super().set_state(state)
        self.classes.set_state(state["classes"])

    def structure(self) -> List[StructureTable]:
        if not self.tasks:
            return []
        means = {task: self._length(task) for task in self.tasks}
        note = "The mean length of both parts of a token's vector, in recent training steps."
        return [means_table("parts", means, ["shared", "private"], note)]

    def _length(self, task: str) -> RunningMean:
        return cast(RunningMean, self.lengths[task])

    def _warn_if_idle(self) -> None:
        """Warn once if no batch so far had texts that the discriminator could tell apart."""
        if self._has_told or not self.strength("adversary"):
            return
        self._n_idle += 1
        if self._n_idle == PATIENCE:
            warnings.warn(
                f"{TITLE} had no loss of its adversary in {PATIENCE} steps, because each batch had "
                f'texts of one kind only (adversary = "{self.classes.by}"), so nothing keeps the '
                "shared part from telling them apart. Read several corpora with "
                "spacy_mtl.MultiCorpus.v1 and mix them with mixed = true in "
                f"spacy_mtl.CorpusBatcher.v1, or set adversary_strength = 0 in {self.where}."
            )

    def _losses(
        self, shared: Tensor, private: Mapping[str, Tensor], batch: Batch
    ) -> Dict[str, Tensor]:
        losses: Dict[str, Tensor] = {}
        if self.strength("adversary") and batch.annotated is not None:
            numbers, n_classes = self.classes.numbers(batch.annotated)
            known = {i: n for i, n in enumerate(numbers) if n is not None and batch.lengths[i]}
            if len(set(known.values())) > 1:
                means = Documents(batch.lengths, shared.device).means(shared)
                self._has_told = True
                losses["adversary"] = self.discriminator(
                    means[list(known)], list(known.values()), n_classes, self.reversal
                )
        if self.strength("orthogonality"):
            found = [
                _correlation(_rows(shared, task, batch), _rows(part, task, batch))
                for task, part in private.items()
            ]
            losses["orthogonality"] = torch.stack(found).sum()
        return losses


def _rows(X: Tensor, task: str, batch: Batch) -> Tensor:
    """RETURNS (Tensor): The rows of the documents that are annotated for a task."""
    if batch.annotated is None or all(task in tasks for tasks in batch.annotated.tasks):
        return X
    parts = zip(X.split(batch.lengths), batch.annotated.tasks)
    found = [part for part, tasks in parts if task in tasks]
    return torch.cat(found) if found else X[:0]


def _correlation(S: Tensor, P: Tensor) -> Tensor:
    """Measure how much two sets of features are correlated over tokens.

    It does not depend on the number of tokens or the scale of the features, and is about 1 where P
    is a linear function of features S that are uncorrelated and have equal variances.

    S (Tensor): *Shape:* (n_tokens, width).
    P (Tensor): *Shape:* (n_tokens, width).
    RETURNS (Tensor): width * ||S^T P||^2 / (||S||^2 ||P||^2), both centered. *Shape:* ().
    """
    if len(S) < 2:
        # One token has no correlation: zero, but part of the graph.
        return (S.sum() + P.sum()) * 0
    S, P = S - S.mean(dim=0), P - P.mean(dim=0)
    scale = (S * S).sum() * (P * P).sum()
    product = S.T @ P
    return S.shape[1] * (product * product).sum() / scale.clamp_min(torch.finfo(S.dtype).tiny)

"""Partial sharing: the lower layers of the encoder are shared, and tasks have the upper ones."""

from functools import partial
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..encoder.inside import read_lower_layers
from ..encoder.layers import n_layers_of
from ..encoder.split import try_split
from ..encoder.upper import UpperLayers, copy_upper, run_upper, upper_part
from ..registry import block_of, register
from ..settings import Rule
from ..types import Encoder, StructureTable, TokenVectors
from .by_task import ByTask
from .inside import EncoderLink, InsideShim
from .layer import make_network_scheme
from .network import Batch, SharingNetwork

TITLE = "spacy_mtl.PartialSharing.v1"
_COUNT = Rule("a whole number, 0 or more", lambda number: number >= 0)


@register("architectures", TITLE, n_private=_COUNT)
def PartialSharing(
    tok2vec: Encoder,
    n_private: int = 2,
    groups: Dict[str, List[str]] = {},
    freeze_embeddings: bool = False,
) -> Model[List[Doc], TokenVectors]:
    """Share the lower layers of the encoder, and give each task, or group of tasks, the upper ones.

    All copies of the upper layers start from those of the pretrained encoder. They are kept there
    as they were, so that a head that is added later starts from them, too. Gradients meet at the
    hidden states between the lower and the upper layers. These, as the means of each token's
    wordpieces, are also what `doc.tensor` becomes.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder, a
        `spacy_mtl.TransformerEncoder.v1`.
    n_private (int): The number of layers that aren't shared. 0: all tasks see the same, as with
        `HardSharing`.
    groups (Dict[str, List[str]]): The tasks of each group that shares these layers, too. A task
        that is in no group has its own.
    freeze_embeddings (bool): Whether what is below the lowest layer isn't trained.
    RAISES (ValueError): If the encoder is of another kind, or a task is in two groups.
    SOURCE: Caruana 1997, "Multitask Learning", Machine Learning 28. Upper layers of BERT per task:
        Wei et al. 2021, "A Flexible Multi-Task Model for BERT Serving", arXiv:2107.05377.
        Differs: all tasks are trained together, lower layers too, and nothing is distilled.
    """
    _check_groups(groups)
    trunk = read_lower_layers(
        tok2vec, TITLE, n_upper=n_private, freeze_embeddings=freeze_embeddings
    )
    build = partial(PartialNetwork, n_private=n_private, groups=groups)
    return make_network_scheme(TITLE, trunk, build, PartialShim)


def _check_groups(groups: Mapping[str, List[str]]) -> None:
    members: Dict[str, str] = {}
    for group, tasks in groups.items():
        problem = "" if tasks else f"has no task in '{group}'. List its tasks, or remove it"
        for task in tasks:
            if task in members:
                problem = f"has '{task}' in '{members[task]}' and '{group}'. A task is in one group"
            members[task] = group
        if problem:
            raise ValueError(f"'groups' of {TITLE} {problem}. Fix it in {block_of(TITLE)}.")


class PartialShim(InsideShim):
    """The shim of `PartialSharing`: its layers are pretrained."""

    is_pretrained = True


class PartialNetwork(SharingNetwork):
    """The network of `PartialSharing`: see there.

    width (int): The width of the encoder.
    encoder (EncoderLink): The encoder.
    """

    def __init__(
        self,
        width: int,
        encoder: EncoderLink,
        *,
        n_private: int,
        groups: Mapping[str, List[str]],
    ) -> None:
        super().__init__(TITLE, width)
        self._encoder = encoder
        self._n_private = n_private
        self._groups = {group: list(tasks) for group, tasks in groups.items()}
        self._check_number()
        try_split(encoder.network, n_private)
        self.of_groups = ByTask()
        self.of_tasks = ByTask()

    def add_task(self, task: str) -> None:
        super().add_task(task)
        group = self._group_of(task)
        if group is None:
            self.of_tasks.add(task, self._new_layers())
        elif _key(group) not in self.of_groups:
            self.of_groups.add(_key(group), self._new_layers())

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        found: Dict[int, Tensor] = {}
        views = {}
        for task in tasks:
            layers = self._layers_of(task)
            if id(layers) not in found:
                found[id(layers)] = run_upper(layers, X, batch.context)
            views[task] = found[id(layers)]
        return views, {}

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        alone = [task for task in self.tasks if len(self._members(task)) == 1]
        return {task: list(self._layers_of(task).parameters()) for task in alone}

    def rename_task(self, old: str, new: str) -> None:
        group = self._group_of(old)
        if group is not None:
            raise ValueError(
                f"The component '{old}' was renamed '{new}', but 'groups' of {TITLE} names "
                f"'{old}' in '{group}'. Rename it back, or set 'groups' in {self.where} of the "
                "saved config, and load it again."
            )

    def check_tasks(self, tasks: Sequence[str]) -> None:
        super().check_tasks(tasks)
        for group, members in self._groups.items():
            for task in members:
                if task not in tasks:
                    raise ValueError(
                        f"'groups' of {TITLE} names '{task}' in '{group}', but the tasks of this "
                        f"pipeline are: {', '.join(tasks)}. Fix it in {self.where}."
                    )

    def structure(self) -> List[StructureTable]:
        if not self.tasks or not self._n_private:
            return []
        first = n_layers_of(self._encoder.network) - self._n_private + 1
        columns = [f"layer {first + i}" for i in range(self._n_private)]
        rows, values = [], []
        for task in self.tasks:
            members = self._members(task)
            # One row for a group, with its first task.
            if members[0] == task:
                rows.append(", ".join(members))
                values.append(self._changes_of(self._layers_of(task)))
        note = "How far each private layer is from the pretrained one, relative to its norm."
        return [StructureTable("private layers", rows, columns, values, note)]

    def _new_layers(self) -> UpperLayers:
        return copy_upper(self._encoder.network, self._n_private)

    def _layers_of(self, task: str) -> Any:
        group = self._group_of(task)
        return self.of_tasks[task] if group is None else self.of_groups[_key(group)]

    def _group_of(self, task: str) -> Optional[str]:
        return next((group for group, tasks in self._groups.items() if task in tasks), None)

    def _members(self, task: str) -> List[str]:
        """RETURNS (List[str]): The tasks that share the layers of a task."""
        group = self._group_of(task)
        return [task] if group is None else [t for t in self.tasks if t in self._groups[group]]

    def _changes_of(self, layers: UpperLayers) -> List[float]:
        pretrained = upper_part(self._encoder.network, self._n_private)
        with torch.no_grad():
            return [_distance(*pair) for pair in zip(layers.layers, pretrained.layers)]

    def _check_number(self) -> None:
        n_layers = n_layers_of(self._encoder.network)
        if self._n_private > n_layers:
            raise ValueError(
                f"'n_private' of {TITLE} is {self._n_private}, but the encoder "
                f"'{self._encoder.network.config.name_or_path}' has only {n_layers} layers. Set it "
                f"to {n_layers} or less in {self.where}."
            )


def _key(group: str) -> str:
    # A task may have the same name, and be renamed.
    return f"group {group}"


def _distance(own: torch.nn.Module, pretrained: torch.nn.Module) -> float:
    pairs = list(zip(own.parameters(), pretrained.parameters()))
    change = sum(float(((a - b) ** 2).sum()) for a, b in pairs)
    size = sum(float((b**2).sum()) for _, b in pairs)
    return (change / size) ** 0.5 if size else 0.0

"""Learned branching: which tasks share which tower is learned, then fixed as a tree."""

import logging
from collections import Counter
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple, cast

import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..registry import block_of, register
from ..settings import ABOVE_ZERO, AT_LEAST_ONE, AT_LEAST_TWO, RATE
from ..types import Encoder, StructureTable, TokenVectors
from .by_task import ByTask
from .gumbel_choice import Choice, center
from .hidden import Hidden
from .layer import make_network_scheme
from .network import Batch, SharingNetwork
from .tower import Tower

TITLE = "spacy_mtl.LearnedBranching.v1"

_logger = logging.getLogger("spacy")


@register(
    "architectures",
    TITLE,
    n_towers=AT_LEAST_TWO,
    n_levels=AT_LEAST_ONE,
    n_steps=AT_LEAST_ONE,
    start_temperature=ABOVE_ZERO,
    end_temperature=ABOVE_ZERO,
    width=AT_LEAST_ONE,
    depth=AT_LEAST_ONE,
    dropout=RATE,
)
def LearnedBranching(
    tok2vec: Encoder,
    n_towers: int = 3,
    n_levels: int = 2,
    n_steps: int = 500,
    start_temperature: float = 2.0,
    end_temperature: float = 0.5,
    width: int = 96,
    depth: int = 1,
    dropout: float = 0.1,
) -> Model[List[Doc], TokenVectors]:
    """Learn a tree of towers: which tasks share which tower, at each level.

    Each tower chooses one of the level below to stand on, and each task one of the highest level.
    In training, choices are soft samples until they are fixed; until then, predictions mix
    towers by their probabilities. A task that is added later chooses over `n_steps` of its own.

    tok2vec (Model[List[Doc], List[Floats2d]]): The shared encoder.
    n_towers (int): The number of towers of each level, 2 or more.
    n_levels (int): The number of levels.
    n_steps (int): The number of training steps after which the tree is fixed: for each task, those
        in which it was present. With `accumulate_gradient`, each part of a batch is a step.
    start_temperature (float): The temperature of samples at first. High ones mix all towers.
    end_temperature (float): The temperature in the end. Low ones choose one tower.
    width (int): The width of the hidden layers of the towers.
    depth (int): The number of these hidden layers.
    dropout (float): Their dropout rate.
    RAISES (ValueError): If the temperature would rise.
    SOURCE: Guo et al. 2020, "Learning to Branch for Multi-Task Learning" (LTB), ICML,
        arXiv:2006.01895. Differs: towers over one encoder; samples are soft; instead of a warm-up
        without choices, what all tasks prefer is taken out of their choices at first; training goes
        on with the tree that was found, instead of starting again from the first weights.
    """
    if start_temperature < end_temperature:
        raise ValueError(
            f"'start_temperature' of {TITLE} is {start_temperature}, but it must not be below "
            f"'end_temperature', {end_temperature}. Fix them in {block_of(TITLE)}."
        )
    build = partial(
        BranchingNetwork,
        new_tower=partial(Tower, hidden=Hidden(width, depth, dropout)),
        new_choice=partial(
            Choice, n_towers, n_steps, temperatures=(start_temperature, end_temperature)
        ),
        n_towers=n_towers,
        n_levels=n_levels,
    )
    return make_network_scheme(TITLE, tok2vec, build)


class BranchingNetwork(SharingNetwork):
    """The network of `LearnedBranching`: see there.

    width (int): The width of the shared representation.
    new_tower (Callable[[int], Tower]): Creates a tower for vectors of a width.
    new_choice (Callable[[], Choice]): Creates a choice among the towers of a level.
    """

    def __init__(
        self,
        width: int,
        *,
        new_tower: Callable[[int], Tower],
        new_choice: Callable[[], Choice],
        n_towers: int,
        n_levels: int,
    ) -> None:
        super().__init__(TITLE, width)
        self._new_choice = new_choice
        self._n_towers = n_towers
        #: The towers of each level, the lowest first.
        self.levels = torch.nn.ModuleList(
            torch.nn.ModuleList(new_tower(width) for _ in range(n_towers)) for _ in range(n_levels)
        )
        #: Which tower of the level below each tower stands on, for all levels but the lowest.
        self.parents = torch.nn.ModuleList(
            torch.nn.ModuleList(new_choice() for _ in range(n_towers)) for _ in range(n_levels - 1)
        )
        #: Which tower of the highest level each task uses.
        self.choices = ByTask()

    def add_task(self, task: str) -> None:
        super().add_task(task)
        self.choices.add(task, self._new_choice())

    def forward(
        self, X: Tensor, batch: Batch, tasks: Sequence[str]
    ) -> Tuple[Dict[str, Tensor], Dict[str, Tensor]]:
        options = _Options({})
        for level, towers in enumerate(self._used(tasks)):
            outputs: Dict[int, Tensor] = {}
            for i in towers:
                given = options.chosen(self._parent(level, i)) if level else X
                outputs[i] = self._tower(level, i)(given)
            options = _Options(outputs)
        return {task: options.chosen(self._choice(task)) for task in tasks}, {}

    def _tower(self, level: int, i: int) -> Tower:
        return cast(Tower, cast(Any, self.levels[level])[i])

    def _parent(self, level: int, i: int) -> Choice:
        """RETURNS (Choice): The choice of a tower among those of the level below."""
        return cast(Choice, cast(Any, self.parents[level - 1])[i])

    def _choice(self, task: str) -> Choice:
        return cast(Choice, self.choices[task])

    def _used(self, tasks: Sequence[str]) -> List[List[int]]:
        """RETURNS (List[List[int]]): The towers that the views of tasks read, by level."""
        found: List[List[int]] = []
        choices = [self._choice(task) for task in tasks]
        for level in reversed(range(len(self.levels))):
            towers: Set[int] = set()
            for choice in choices:
                option = choice.option
                towers.update(range(self._n_towers) if option is None else [option])
            found.insert(0, sorted(towers))
            choices = [self._parent(level, i) for i in found[0]] if level else []
        return found

    def private(self) -> Dict[str, List[torch.nn.Parameter]]:
        read = {task: self._read_by(task) for task in self.tasks}
        n_readers = Counter(id(p) for found in read.values() for p in found)
        return {task: [p for p in found if n_readers[id(p)] == 1] for task, found in read.items()}

    def _read_by(self, task: str) -> List[torch.nn.Parameter]:
        """RETURNS (List[Parameter]): The parameters that the view of a task reads."""
        found: List[torch.nn.Parameter] = []
        choices = [self._choice(task)]
        for level, towers in enumerate(self._used([task])):
            for i in towers:
                found += self._tower(level, i).parameters()
            choices += [self._parent(level, i) for i in towers] if level else []
        return found + [choice.scores for choice in choices if choice.option is None]

    def note_closed(self, tasks: Sequence[str]) -> None:
        choices = self._all_choices()
        # A task that is absent or frozen has learned nothing about its choice.
        absent = {id(self._choice(task)) for task in self.tasks if task not in tasks}
        just_fixed = [choice.note_closed() for choice in choices if id(choice) not in absent]
        center(self._choice(task) for task in self.tasks)
        for level in range(1, len(self.levels)):
            center(self._parent(level, i) for i in range(self._n_towers))
        if any(just_fixed) and all(choice.option is not None for choice in choices):
            _logger.info("%s has fixed its tree: %s", self.title, self.tree())
        super().note_closed(tasks)

    def stand_alone(self) -> None:
        super().stand_alone()
        # They would be drawn forever, since no steps are counted.
        for choice in self._all_choices():
            choice.draws = False

    def _all_choices(self) -> List[Choice]:
        return [choice for choice in self.modules() if isinstance(choice, Choice)]

    def tree(self) -> str:
        """Describe the tree, by the most likely choices as long as it is not fixed.

        RETURNS (str): One pair of parentheses per tower that is used, around the towers or tasks
            on top of it, such as "(ner, tagger), (textcat)".
        """
        groups: Dict[int, List[str]] = {}
        for task in self.tasks:
            groups.setdefault(self._choice(task).best(), []).append(task)
        for level in range(len(self.levels) - 1, 0, -1):
            below: Dict[int, List[str]] = {}
            for i, names in sorted(groups.items()):
                parent = self._parent(level, i).best()
                below.setdefault(parent, []).append(f"({', '.join(names)})")
            groups = below
        return ", ".join(f"({', '.join(names)})" for _, names in sorted(groups.items()))

    def structure(self) -> List[StructureTable]:
        if not self.tasks:
            return []
        rows = torch.stack([self._choice(task).probabilities() for task in self.tasks])
        by_level = [rows]
        for level in range(len(self.levels) - 1, 0, -1):
            parents = [self._parent(level, i) for i in range(self._n_towers)]
            rows = rows @ torch.stack([parent.probabilities() for parent in parents])
            by_level.insert(0, rows)
        columns = [f"tower {i + 1}" for i in range(self._n_towers)]
        note = f"How likely the task of the row is to use the tower. Tree: {self.tree()}."
        return [
            StructureTable(f"branches, level {i + 1}", list(self.tasks), columns, each, note)
            for i, each in enumerate(rows.tolist() for rows in by_level)
        ]


class _Options:
    """The outputs of the towers of a level, to choose from.

    outputs (Dict[int, Tensor]): The outputs of those that are needed, by tower.
        *Shape of each:* (n_tokens, width).
    """

    def __init__(self, outputs: Dict[int, Tensor]) -> None:
        self._outputs = outputs
        self._differences: Optional[Tensor] = None

    def chosen(self, choice: Choice) -> Tensor:
        """RETURNS (Tensor): The option that was fixed, or a mixture of all."""
        if choice.option is not None:
            return self._outputs[choice.option]
        # The weights sum to 1. By differences, what all options have in common, which is most of
        # their values at first, neither rounds the result nor the gradient of the weights.
        first, *others = self._outputs.values()
        if self._differences is None:
            self._differences = torch.stack([other - first for other in others]).flatten(1)
        return first + (choice()[1:] @ self._differences).view_as(first)

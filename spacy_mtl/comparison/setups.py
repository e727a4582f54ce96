"""What a comparison trains: each task alone, all together, and some groups."""

import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from spacy.language import Language
from thinc.api import Config

from ..hints import nearest
from ..report.html.comparison import TRAININGS
from ..tasks.scores import score_weights_of
from .derived_config import derive_config

#: The names of the setups that aren't those of their tasks.
JOINT, WITH = "joint", "with"


@dataclass(frozen=True)
class Setup:
    """One way to train some tasks.

    name (str): Its name: "joint", "with" (of another config), or the tasks.
    tasks (Tuple[str, ...]): The tasks, in pipeline order.
    """

    name: str
    tasks: Tuple[str, ...]

    @property
    def is_alone(self) -> bool:
        """RETURNS (bool): Whether it trains a single task."""
        return len(self.tasks) == 1

    @property
    def file_name(self) -> str:
        """RETURNS (str): Its name, fit for files."""
        return re.sub(r"[^\w.+-]", "_", self.name)


@dataclass(frozen=True)
class Run:
    """A training of a setup with a seed.

    setup (Setup): The setup.
    seed (int): The seed.
    folder (Path): The folder of the comparison.
    """

    setup: Setup
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """RETURNS (str): Its name, for files and messages."""
        return f"{self.setup.file_name}.{self.seed}"

    @property
    def config(self) -> Path:
        """RETURNS (Path): Its config."""
        return self.folder / "configs" / f"{self.name}.cfg"

    @property
    def output(self) -> Path:
        """RETURNS (Path): The folder with its checkpoints, pipelines and logs."""
        return self.folder / TRAININGS / self.name


@dataclass(frozen=True)
class Source:
    """A config whose tasks are compared.

    nlp (Language): The pipeline that it makes, not initialized.
    joint (str): The name of the joint component.
    tasks (List[str]): The names of its tasks.
    """

    nlp: Language
    joint: str
    tasks: List[str]

    def config_of(self, run: Run) -> Config:
        """RETURNS (Config): The config of a run: see `derive_config`."""
        tasks = run.setup.tasks
        return derive_config(
            self.nlp.config.interpolate(),
            self.joint,
            self.tasks,
            tasks,
            seed=run.seed,
            log=str(run.output / "log.jsonl"),
            score_keys={key for task in tasks for key in score_weights_of(self.nlp, task)},
        )


def setups_of(
    tasks: Sequence[str], *, pairs: bool = False, groups: Sequence[Sequence[str]] = ()
) -> List[Setup]:
    """List what to train.

    tasks (Sequence[str]): All tasks, in pipeline order.
    pairs (bool): Whether to train every pair.
    groups (Sequence[Sequence[str]]): More groups.
    RETURNS (List[Setup]): Each task alone, all together, then the others, each once.
    RAISES (ValueError): If a task has the name of a setup.
    """
    for name in (JOINT, WITH):
        if name in tasks:
            raise ValueError(
                f"The task '{name}' is called like a setup of the comparison. Rename it."
            )
    found: Dict[Tuple[str, ...], str] = {(task,): task for task in tasks}
    found[tuple(tasks)] = JOINT
    more: Iterable[Sequence[str]] = [*(combinations(tasks, 2) if pairs else ()), *groups]
    for group in more:
        ordered = tuple(task for task in tasks if task in group)
        found.setdefault(ordered, "+".join(ordered))
    return [Setup(name, group) for group, name in found.items()]


def read_groups(text: str, tasks: Sequence[str]) -> List[List[str]]:
    """Read groups of tasks.

    text (str): Such as "tagger,ner;textcat".
    tasks (Sequence[str]): The names of all tasks.
    RETURNS (List[List[str]]): The groups.
    RAISES (ValueError): If there is an unknown task, or one twice in a group.
    """
    groups = [[name.strip() for name in group.split(",")] for group in text.split(";")]
    for group in groups:
        for name in group:
            if name not in tasks:
                raise ValueError(
                    f"--groups names '{name}', but the tasks are {', '.join(tasks)}. "
                    f"{nearest(name, tasks)}Separate tasks by commas and groups by semicolons."
                )
            if group.count(name) > 1:
                raise ValueError(f"--groups has '{name}' twice in the group {','.join(group)}.")
    return groups


def runs_of(setups: Sequence[Setup], seeds: Sequence[int], folder: Path) -> Iterator[Run]:
    """YIELDS (Run): All runs, seed by seed: the first results come early."""
    for seed in seeds:
        for setup in setups:
            yield Run(setup, seed, folder)

"""The runs of the plans, and the settings that affect their scores."""

from dataclasses import dataclass
from typing import Any, Dict, Iterator, Tuple

from .plans import COMPARED, PLANS, SEEDS, SYSTEMS, Task


@dataclass(frozen=True)
class Run:
    """One training: a system on some tasks of a plan with a seed."""

    plan: str
    system: str
    tasks: Tuple[str, ...]
    seed: int

    @property
    def name(self) -> str:
        """RETURNS (str): A name for folders and messages."""
        system = self.system.replace(", ", "-").replace(" ", "-")
        return f"corpora-{self.plan}.{system}.{'+'.join(self.tasks)}.{self.seed}"

    @property
    def sources(self) -> Dict[str, Task]:
        """RETURNS (Dict[str, Task]): The tasks by name."""
        return {name: task for name, task in PLANS[self.plan].tasks if name in self.tasks}


def all_runs() -> Iterator[Run]:
    """YIELDS (Run): All runs of the tables, first seeds first."""
    for seed in SEEDS:
        for plan in COMPARED:
            settings = PLANS[plan]
            names = tuple(name for name, _ in settings.tasks)
            for system in settings.systems:
                for tasks in [(name,) for name in names] if "alone" in system else [names]:
                    yield Run(plan, system, tasks, seed)


def settings_of(run: Run) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The settings that affect a run's scores, saved with them."""
    plan = PLANS[run.plan]
    settings = {key: getattr(plan, key) for key in ("epochs", "batch", "rate", "head_scale")}
    settings["limits"] = {name: task.limit for name, task in run.sources.items()}
    settings["mixed"] = plan.mixed
    return {**settings, **SYSTEMS[run.system]}


def make_run(row: Dict[str, Any]) -> Run:
    """RETURNS (Run): The run of a row of the results, or of a run read from JSON."""
    return Run(row["plan"], row["system"], tuple(row["tasks"]), row["seed"])

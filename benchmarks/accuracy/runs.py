"""The runs of a suite, and the settings that affect their scores."""

import re
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Tuple

from ..corpora.plans import PLANS
from ..corpora.runs import Run as SeveralCorporaRun
from ..corpora.runs import settings_of as settings_of_several
from .suites import OF_JOINT, SUITES, VARIANTS, Suite


@dataclass(frozen=True)
class Run:
    """One training: `system` on `tasks` of a suite with a seed.

    changes (Tuple[Tuple[str, Any], ...]): Fields of the suite with new values, for an
        ablation. Sorted, without those that change nothing.
    """

    suite: str
    system: str
    tasks: Tuple[str, ...]
    seed: int
    changes: Tuple[Tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        own = SUITES[self.suite]
        fixed = [key for key, _ in self.changes if key not in (*OF_JOINT, "score_dev")]
        if own.corpus in PLANS and fixed:
            raise ValueError(
                f"The suite '{self.suite}' has its budget and heads from a plan of "
                f"benchmarks.corpora: '{fixed[0]}' can't be changed."
            )
        kept = sorted((key, value) for key, value in self.changes if getattr(own, key) != value)
        object.__setattr__(self, "changes", tuple(kept))

    @property
    def plan(self) -> Suite:
        """RETURNS (Suite): The suite, with the changes."""
        return replace(SUITES[self.suite], **dict(self.changes))

    @property
    def of_several(self) -> SeveralCorporaRun:
        """RETURNS (Run): The run of benchmarks.corpora, if each task has its own corpus."""
        system = "Proportional" if len(self.tasks) > 1 else "alone"
        return SeveralCorporaRun(self.plan.corpus, system, self.tasks, self.seed)

    def teacher(self, task: str) -> "Run":
        """RETURNS (Run): The run that trains the task alone, with the same settings and seed."""
        changes = tuple(change for change in self.changes if change[0] not in OF_JOINT)
        return Run(self.suite, "ours-alone", (task,), self.seed, changes)

    @property
    def change(self) -> str:
        """RETURNS (str): The changes in words."""
        return ", ".join(f"{key} = {value}" for key, value in self.changes)

    @property
    def name(self) -> str:
        """RETURNS (str): A name for folders and messages."""
        name = f"{self.suite}.{self.system}.{'+'.join(self.tasks)}.{self.seed}"
        return re.sub(r"[^\w.+=-]", "", ".".join([name, self.change]).rstrip("."))


def make_run(row: Dict[str, Any]) -> Run:
    """RETURNS (Run): The run of a row of the results, or of a run read from JSON."""
    changes = dict(row.get("changes", ()))
    for key in {"weights", "method_settings"}.intersection(changes):
        changes[key] = tuple((name, value) for name, value in changes[key])
    return Run(
        row["suite"], row["system"], tuple(row["tasks"]), row["seed"], tuple(changes.items())
    )


def settings_of(run: Run) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The settings that affect a run's scores, saved with them."""
    suite = run.plan
    if suite.corpus in PLANS:
        return {**settings_of_several(run.of_several), **_joint_settings(run)}
    settings = {key: getattr(suite, key) for key in ("epochs", "batch", "rate", "limit")}
    if run.system.startswith("ours"):
        settings["head_scale"] = suite.head_scale
        settings["crf"] = suite.crf and "ner" in run.tasks
        settings["hidden_width"] = suite.hidden_width
        settings["precision"] = "" if suite.precision == "fp32" else suite.precision
        settings["averages"] = suite.averages
    settings["dropout"] = suite.dropout if suite.dropout != 0.1 else None
    settings.update(_joint_settings(run))
    return {key: value for key, value in settings.items() if value}


def _joint_settings(run: Run) -> Dict[str, Any]:
    suite = run.plan
    if run.system != "ours-joint":
        return {}
    settings: Dict[str, Any] = {"weights": dict(suite.weights), "every": suite.every}
    settings["taught"] = suite.taught
    if suite.method != "Constant":
        settings["method"] = suite.method
        settings["method_settings"] = dict(suite.method_settings)
        settings["gradients"] = suite.gradients
    settings["scheme"] = "" if suite.scheme == "HardSharing" else suite.scheme
    return {key: value for key, value in settings.items() if value}


def runs_of(suite: str, systems: List[str], seeds: List[int], changes: Any) -> Iterator[Run]:
    """YIELDS (Run): The runs of a suite with the given systems."""
    tasks = SUITES[suite].tasks
    for seed in seeds:
        for system in (own for own in SUITES[suite].systems if own in systems):
            if system in VARIANTS:
                changed = (*VARIANTS[system].items(), *changes)
                yield Run(suite, "ours-joint", tasks, seed, changed)
            else:
                for names in [tasks] if "joint" in system else [(task,) for task in tasks]:
                    yield Run(suite, system, names, seed, changes)

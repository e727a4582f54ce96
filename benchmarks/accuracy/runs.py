"""The runs of a suite, and the settings that affect their scores."""

import re
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Tuple

from .suites import SUITES, Suite


@dataclass(frozen=True)
class Run:
    """One training: `system` on `tasks` of a suite with a seed.

    changes (Tuple[Tuple[str, Any], ...]): Fields of the suite with new values, for an
        ablation.
    """

    suite: str
    system: str
    tasks: Tuple[str, ...]
    seed: int
    changes: Tuple[Tuple[str, Any], ...] = ()

    @property
    def plan(self) -> Suite:
        """RETURNS (Suite): The suite, with the changes."""
        return replace(SUITES[self.suite], **dict(self.changes))

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
    settings = {key: getattr(suite, key) for key in ("epochs", "batch", "rate", "limit")}
    if run.system.startswith("ours"):
        settings["head_scale"] = suite.head_scale
        settings["crf"] = suite.crf and "ner" in run.tasks
        settings["hidden_width"] = suite.hidden_width
        settings["precision"] = "" if suite.precision == "fp32" else suite.precision
    if run.system == "ours-joint":
        settings["weights"] = dict(suite.weights)
        if suite.method != "Constant":
            settings["method"] = suite.method
            settings["method_settings"] = dict(suite.method_settings)
            settings["gradients"] = suite.gradients
        settings["every"] = suite.every
        settings["scheme"] = "" if suite.scheme == "HardSharing" else suite.scheme
    return {key: value for key, value in settings.items() if value}


def runs_of(suite: str, systems: List[str], seeds: List[int], changes: Any) -> Iterator[Run]:
    """YIELDS (Run): The runs of a suite with the given systems."""
    tasks = SUITES[suite].tasks
    for seed in seeds:
        for system in SUITES[suite].systems:
            if system in systems:
                for names in [tasks] if "joint" in system else [(task,) for task in tasks]:
                    yield Run(suite, system, names, seed, changes)

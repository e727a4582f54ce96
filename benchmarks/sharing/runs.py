"""The runs of the comparison."""

import re
from dataclasses import dataclass
from typing import Any, Dict, Iterator, Sequence, Tuple

from ..finished import Row
from .schemes import BASELINE, defaults_of
from .suites import Suite, suite_of

ALONE = "each task alone"


@dataclass(frozen=True)
class Run:
    """One training: a scheme on some tasks of a suite with a seed.

    budget (str): "full" or "subset".
    """

    suite: str
    budget: str
    scheme: str
    tasks: Tuple[str, ...]
    seed: int

    @property
    def plan(self) -> Suite:
        """RETURNS (Suite): The suite with its budget."""
        return suite_of(self.suite, self.budget)

    @property
    def contestant(self) -> str:
        """RETURNS (str): Its row of the table."""
        return self.scheme if len(self.tasks) > 1 else ALONE

    @property
    def name(self) -> str:
        """RETURNS (str): A name for folders and messages."""
        parts = ["sharing", self.suite, self.budget, self.scheme, "+".join(self.tasks), self.seed]
        return re.sub(r"[^\w.+-]", "", ".".join(map(str, parts)))


def runs_of(
    suites: Sequence[str], budget: str, schemes: Sequence[str], n_seeds: int
) -> Iterator[Run]:
    """Order runs so that a table is balanced whenever they stop.

    suites (Sequence[str]): The suites.
    budget (str): "full" or "subset".
    schemes (Sequence[str]): The schemes, for all tasks of a suite together.
    n_seeds (int): The number of seeds.
    YIELDS (Run): All schemes and single tasks of a suite, then the next suite, then the next seed.
    """
    for seed in range(n_seeds):
        for suite in suites:
            tasks = tuple(suite_of(suite, budget).metrics)
            for scheme in schemes:
                yield Run(suite, budget, scheme, tasks, seed)
            for task in tasks:
                yield Run(suite, budget, BASELINE, (task,), seed)


def settings_of(run: Run) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The settings that affect a run's scores, saved with them."""
    return {**run.plan.settings(run.tasks), "scheme": defaults_of(run.scheme)}


def make_run(row: Row) -> Run:
    """RETURNS (Run): The run of a row of the results, or of a run read from JSON."""
    return Run(row["suite"], row["budget"], row["scheme"], tuple(row["tasks"]), row["seed"])

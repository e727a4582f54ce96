"""The suites: those of two other benchmarks, with budgets for this one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Tuple

from ..accuracy.runs import Run as OneCorpusRun
from ..accuracy.runs import settings_of as settings_of_one
from ..accuracy.suites import SUITES, corpus_of
from ..accuracy.training import config_of as config_of_one
from ..accuracy.training import score as score_one
from ..corpora.config import config_of as config_of_several
from ..corpora.plans import PLANS
from ..corpora.runs import Run as SeveralCorporaRun
from ..corpora.runs import settings_of as settings_of_several
from ..corpora.training import score as score_several
from ..metrics import METRICS

SPLITS = ("train", "dev", "test")
#: How the other benchmarks call the budgets.
BUDGETS = {"full": "sharing", "subset": "sharing-short"}


@dataclass(frozen=True)
class Suite:
    """Tasks with corpora and a budget.

    plan (str): The name of the suite in the other benchmark.
    """

    plan: str

    @property
    def metrics(self) -> Dict[str, str]:
        """RETURNS (Dict[str, str]): spaCy's name of each task's score, in pipeline order."""
        raise NotImplementedError

    def settings(self, tasks: Tuple[str, ...]) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The settings that affect scores, besides scheme and seed."""
        raise NotImplementedError

    def convert(self, work: Path) -> None:
        """Convert all splits of the corpora, if needed."""
        raise NotImplementedError

    def config(self, tasks: Tuple[str, ...], seed: int, encoder: str, work: Path) -> Any:
        """RETURNS (Config): The config for `spacy train`, with `HardSharing`."""
        raise NotImplementedError

    def scores(self, nlp: Any, tasks: Tuple[str, ...], split: str, work: Path) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): The scores of a trained pipeline by task, in percent."""
        raise NotImplementedError


class OneCorpus(Suite):
    """All tasks have the same corpus: a suite of benchmarks.accuracy."""

    @property
    def metrics(self) -> Dict[str, str]:
        return {task: METRICS[task][0] for task in SUITES[self.plan].tasks}

    def settings(self, tasks: Tuple[str, ...]) -> Dict[str, Any]:
        return settings_of_one(self._run(tasks, 0))

    def convert(self, work: Path) -> None:
        for split in SPLITS:
            corpus_of(SUITES[self.plan], split, work)

    def config(self, tasks: Tuple[str, ...], seed: int, encoder: str, work: Path) -> Any:
        from spacy.util import load_config

        path, overrides = config_of_one(self._run(tasks, seed), encoder, work)
        return load_config(path, overrides=overrides)

    def scores(self, nlp: Any, tasks: Tuple[str, ...], split: str, work: Path) -> Dict[str, float]:
        run = self._run(tasks, 0)
        found = score_one(nlp, run, corpus_of(run.plan, split, work))
        return {task: found[self.metrics[task]] for task in tasks}

    def _run(self, tasks: Tuple[str, ...], seed: int) -> OneCorpusRun:
        system = "ours-joint" if len(tasks) > 1 else "ours-alone"
        return OneCorpusRun(self.plan, system, tasks, seed)


class SeveralCorpora(Suite):
    """Each task has its own corpus: a plan of benchmarks.corpora."""

    @property
    def metrics(self) -> Dict[str, str]:
        return {name: task.metric for name, task in PLANS[self.plan].tasks}

    def settings(self, tasks: Tuple[str, ...]) -> Dict[str, Any]:
        return settings_of_several(self._run(tasks, 0))

    def convert(self, work: Path) -> None:
        for _, task in PLANS[self.plan].tasks:
            for split in SPLITS:
                task.split(split, work)

    def config(self, tasks: Tuple[str, ...], seed: int, encoder: str, work: Path) -> Any:
        return config_of_several(self._run(tasks, seed), encoder, work)

    def scores(self, nlp: Any, tasks: Tuple[str, ...], split: str, work: Path) -> Dict[str, float]:
        run = self._run(tasks, 0)
        return {task: score_several(nlp, run, task, work, split) for task in tasks}

    def _run(self, tasks: Tuple[str, ...], seed: int) -> SeveralCorporaRun:
        system = "Proportional" if len(tasks) > 1 else "alone"
        return SeveralCorporaRun(self.plan, system, tasks, seed)


#: GUM: tags, entities, genre. SNIPS: slots, intent. EWT, WNUT17 and SST-2: tags, entities,
#: sentiment.
KINDS = {"gum": OneCorpus, "snips": OneCorpus, "three": SeveralCorpora}


def suite_of(name: str, budget: str) -> Suite:
    """RETURNS (Suite): A suite, by its name in `KINDS`, with a budget in `BUDGETS`."""
    return KINDS[name](f"{name}-{BUDGETS[budget]}")

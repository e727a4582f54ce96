"""Run a comparison from its configs to its result."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, DefaultDict, Dict, List, Optional

from spacy.training.loop import DIR_MODEL_BEST, DIR_MODEL_LAST
from spacy.util import load_model
from thinc.api import Config

from ..atomic_files import write_files
from ..evaluation.counts import DocumentCounts
from ..report.html.comparison import COMPARISON
from .result import result_of
from .scored_runs import read_texts, score_run
from .setups import JOINT, WITH, Run, Setup, Source, runs_of
from .training_runs import is_done, train_all

#: The folder of the pipeline to score, by setting.
MODELS = {"last": DIR_MODEL_LAST, "best": DIR_MODEL_BEST}
#: Called with each run that is done.
OnProgress = Callable[[Run], Any]


@dataclass(frozen=True)
class Comparison:
    """What to compare, and where.

    folder (Path): The folder of all configs, runs and results.
    sources (Dict[str, Source]): The config of the setup "with", if there is one, and that of all
        others, by "joint".
    setups (List[Setup]): What to train.
    seeds (List[int]): The seeds of each.
    """

    folder: Path
    sources: Dict[str, Source]
    setups: List[Setup]
    seeds: List[int]

    @property
    def runs(self) -> List[Run]:
        """RETURNS (List[Run]): All trainings."""
        return list(runs_of(self.setups, self.seeds, self.folder))

    def write_configs(self) -> None:
        """Write the config of each run.

        RAISES (ValueError): If there already is another one.
        """
        for run in self.runs:
            source = self.sources[WITH if run.setup.name == WITH else JOINT]
            config = source.config_of(run)
            if run.config.exists():
                _check_same(run.config, config)
            else:
                write_files({run.config: config.to_bytes()})

    def train(
        self,
        *,
        jobs: int = 1,
        code: Optional[Path] = None,
        use_gpu: int = -1,
        differ: bool = False,
        when_ended: OnProgress = lambda run: None,
    ) -> None:
        """Train what isn't done: see `train_all`."""
        train_all(
            self.runs, jobs=jobs, code=code, use_gpu=use_gpu, differ=differ, when_ended=when_ended
        )

    def n_to_train(self) -> int:
        """RETURNS (int): The number of trainings that aren't done."""
        return sum(not is_done(run) for run in self.runs)

    def result(
        self,
        *,
        test: Optional[Path] = None,
        model: str = "last",
        when_scored: OnProgress = lambda run: None,
    ) -> Dict[str, Any]:
        """Score all pipelines and compare them. Writes the result to the folder.

        test (Optional[Path]): A .spacy file. None for the development corpus.
        model (str): Which pipelines to score: "last" or "best" (by their own development corpus).
        when_scored (Callable[[Run], Any]): Called as each is scored.
        RETURNS (Dict[str, Any]): The result, for JSON.
        """
        runs = self.runs
        joint = next(run for run in runs if run.setup.name == JOINT)
        texts = read_texts(load_model(joint.output / MODELS[model]), test)
        counts: DefaultDict[str, List[DocumentCounts]] = defaultdict(list)
        for run in runs:
            counts[run.setup.name].append(score_run(run, texts, MODELS[model]))
            when_scored(run)
        result = {
            "format": 1,
            "seeds": self.seeds,
            "scored_on": texts.source,
            "is_dev": test is None,
            "model": MODELS[model],
            "n_documents": len(counts[JOINT][0].documents),
            **result_of(self.setups, runs, counts),
        }
        text = json.dumps(result, indent=1, allow_nan=False) + "\n"
        write_files({self.folder / COMPARISON: text.encode("utf8")})
        return result


def _check_same(path: Path, config: Config) -> None:
    if path.read_bytes() != config.to_bytes():
        raise ValueError(
            f"{path} is the config of an earlier comparison, and differs from what the options ask "
            "for now. Compare with the same config and overrides, or in another --output."
        )

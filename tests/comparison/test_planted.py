"""Comparisons and affinities find the effects of tasks that were planted."""

from pathlib import Path
from typing import Any, Sequence

import pytest
from helpful_and_harmful import (
    HARMFUL,
    HELPFUL,
    INDEPENDENT,
    MAIN,
    TASKS,
    planted_config,
    write_corpora,
)
from spacy.training.initialize import init_nlp
from spacy.util import load_model_from_config
from thinc.api import Config
from unsynced_disk import leave_unsynced

from spacy_mtl.comparison import comparison
from spacy_mtl.comparison.affinity_text import proposed
from spacy_mtl.comparison.comparison import Comparison
from spacy_mtl.comparison.measured_training import train_and_measure
from spacy_mtl.comparison.setups import Run, Setup, Source
from spacy_mtl.comparison.training_runs import write_record
from spacy_mtl.train.loop import train

SEEDS = [0, 1, 2, 3, 4]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return write_corpora(tmp_path_factory.mktemp("planted"))


def train_here(runs: Sequence[Run], **settings: Any) -> None:
    """In this process, which is quicker for short trainings."""
    for run in runs:
        config = Config().from_disk(run.config)
        config["training"]["logger"]["console_output"] = False
        train(init_nlp(config), run.output)
        write_record(run, {"is_done": True, "processor_seconds": 1.0})


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_comparison(files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The main task gains from the helpful one, loses from the harmful one, and else nothing."""
    leave_unsynced(monkeypatch)
    monkeypatch.setattr(comparison, "train_all", train_here)
    config = planted_config(files)
    nlp = load_model_from_config(config, auto_fill=True)
    setups = [Setup(task, (task,)) for task in TASKS]
    setups += [Setup(f"{MAIN}+{other}", (MAIN, other)) for other in TASKS if other != MAIN]
    setups.append(Setup("joint", TASKS))
    found = Comparison(tmp_path, {"joint": Source(nlp, "mtl", list(TASKS))}, setups, SEEDS)
    found.write_configs()
    found.train()
    result = found.result()
    verdicts = {
        other: result["groups"][f"{MAIN}+{other}"]["results"][MAIN]["verdict"]
        for other in (HELPFUL, HARMFUL, INDEPENDENT)
    }
    assert verdicts == {
        HELPFUL: "gain",
        HARMFUL: "loss",
        INDEPENDENT: "no difference shown",
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", SEEDS)
def test_affinity(files: Any, seed: int) -> None:
    """Also which tasks to train together."""
    config = planted_config(files, steps=250)
    config["training"]["seed"] = seed
    found = train_and_measure(init_nlp(config), every=10).affinities
    of = {other: found.ahead[other, MAIN].value for other in TASKS}
    assert of[HELPFUL] > 0 > of[HARMFUL]
    assert of[HARMFUL] / 2 < of[INDEPENDENT] < of[HELPFUL] / 2
    (own,) = [group for group in proposed(found) if MAIN in group]
    assert HELPFUL in own
    assert HARMFUL not in own

"""[training]: batcher, logger, and spaCy's own numbers."""

from pathlib import Path
from typing import Any, Dict

import pytest
from cases import Case, Refused, check, name_of
from changed_configs import (
    NAN,
    SIZED,
    changed,
    not_finite,
    prepare,
    refused,
)

LOGGER = "training/logger"
BATCHER = "training/batcher"
IN_BATCHER = "[training.batcher.batcher]"
IN_LOGGER = "[training.logger]"
SCORER = {"@scorers": "spacy_mtl.ner_scorer.v1"}


def batches_of(size: Any) -> Dict[str, Any]:
    return {BATCHER + "/batcher": {**SIZED, "size": size}}


def log_by(name: str, **settings: Any) -> Dict[str, Any]:
    return {"@loggers": f"spacy_mtl.{name}.v1", **settings}


def console(**settings: Any) -> Dict[str, Any]:
    return {LOGGER: log_by("ConsoleLogger", **settings)}


def best(**settings: Any) -> Dict[str, Any]:
    return {LOGGER: log_by("BestByTask", **settings)}


CASES = [
    Case(
        "batches of 0", batches_of(0), Refused("no batch of the corpus 'one'", "'size'", IN_BATCHER)
    ),
    Case(
        "batches of -2",
        batches_of(-2),
        Refused("the batcher", "failed", "'size', a number >= 1", IN_BATCHER),
    ),
    Case(
        "batches of '2'",
        batches_of("2"),
        Refused("the batcher", "failed", "'size', a number >= 1", IN_BATCHER),
    ),
    Case("batches of NaN", batches_of(NAN), not_finite("size", "nan", IN_BATCHER)),
    Case(
        "a batcher inside itself",
        {BATCHER + "/batcher": {"@batchers": "spacy_mtl.CorpusBatcher.v1", "batcher": SIZED}},
        Refused("'batcher'", "makes batches", IN_BATCHER),
    ),
    Case(
        "a scorer as batcher",
        {BATCHER + "/batcher": SCORER},
        Refused("the batcher", "failed", IN_BATCHER),
    ),
    Case(
        "batcher a text",
        {BATCHER + "/batcher": "spacy.batch_by_sequence.v1"},
        Refused("batcher -> batcher", "'spacy.batch_by_sequence.v1' is not"),
    ),
    Case("mixed a text", {BATCHER + "/mixed": "yes"}, Refused("batcher -> mixed", "'yes' is not")),
    # [training.logger]
    Case(
        "a logger inside itself",
        console(logger=log_by("ConsoleLogger")),
        Refused("spacy_mtl.ConsoleLogger.v1", "only once", IN_LOGGER),
    ),
    Case(
        "a keeper inside itself",
        best(logger=log_by("ConsoleLogger", logger=log_by("BestByTask"))),
        Refused("spacy_mtl.BestByTask.v1", "only once", IN_LOGGER),
    ),
    Case(
        "a scorer as logger",
        console(logger=SCORER),
        Refused("'logger' of spacy_mtl.ConsoleLogger.v1", "@loggers", "[training.logger.logger]"),
    ),
    Case(
        "a scorer as logger of the keeper",
        best(logger=SCORER),
        Refused("'logger' of spacy_mtl.BestByTask.v1", "@loggers", "[training.logger.logger]"),
    ),
    Case(
        "progress_bar misspelt",
        console(progress_bar="evla"),
        Refused("'progress_bar'", "'evla'", IN_LOGGER),
    ),
    Case(
        "output_file empty",
        console(output_file=""),
        refused("output_file", "''", IN_LOGGER, "null"),
    ),
    Case(
        "output_file a folder",
        console(output_file="FOLDER/folder"),
        Refused("'output_file'", "which is a folder", IN_LOGGER),
    ),
    Case("the best of no task", best(tasks=["nre"]), Refused("'tasks'", "'nre'", IN_LOGGER)),
    Case(
        "the best of a task twice",
        best(tasks=["ner", "ner"]),
        refused("tasks", "['ner', 'ner']", IN_LOGGER, "each once"),
    ),
    Case("the best of ''", best(tasks=[""]), refused("tasks", "['']", IN_LOGGER)),
    # spaCy's own numbers
    Case(
        "the optimizer's rate NaN",
        {"training/optimizer/learn_rate": NAN},
        not_finite("learn_rate", "nan", "[training.optimizer]"),
    ),
    Case(
        "a weight of a score NaN",
        {"training/score_weights/tag_acc": NAN},
        not_finite("tag_acc", "nan", "[training.score_weights]"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.filterwarnings("ignore")
def test_config(case: Case, plain: Dict[str, Any], folder: Path) -> None:
    check(case, lambda changes: prepare(changed(plain, changes, folder)))

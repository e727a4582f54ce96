"""Blocks of corpora and training: what is wrong is named, with its block and how to mend it."""

from pathlib import Path
from typing import Any, Dict

import pytest
from cases import Case, Refused, check, name_of
from changed_configs import (
    HUGE,
    INF,
    NAN,
    READY,
    SIZED,
    changed,
    make_plain,
    not_finite,
    prepare,
    refused,
    steady,
    write_corpora,
)

TRAIN, ONE, SCHEDULE = "corpora/train/", "corpora/train/corpora/one", "corpora/train/schedule"
LOGGER, BATCHER = "training/logger", "training/batcher"
IN_TRAIN, IN_ONE, IN_SCHEDULE = (
    "[corpora.train]",
    "[corpora.train.corpora.one]",
    "[corpora.train.schedule]",
)
IN_BATCHER, IN_LOGGER = "[training.batcher.batcher]", "[training.logger]"
UNIFORM = {"@mtl_schedules": "spacy_mtl.Uniform.v1"}
SCORER = {"@scorers": "spacy_mtl.ner_scorer.v1"}


def corpus(**settings: Any) -> Dict[str, Any]:
    return {f"{ONE}/{key}": value for key, value in settings.items()}


def draw(schedule: str, **settings: Any) -> Dict[str, Any]:
    return {SCHEDULE: {"@mtl_schedules": f"spacy_mtl.{schedule}.v1", **settings}}


def phase(settings: Any) -> Dict[str, Any]:
    return draw("Sequential", phases=[settings, {"tasks": ["textcat"]}])


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
        "no corpora",
        {TRAIN + "corpora": {}},
        Refused("has no corpora", "[corpora.train.corpora.NAME]"),
    ),
    Case(
        "a corpus without a name",
        {TRAIN + "corpora/": {"path": "FOLDER/all.spacy", "tasks": ["ner"]}},
        Refused("a corpus has the name ''", "not empty", "[corpora.train.corpora.]"),
    ),
    Case(
        "a corpus that is a text",
        {ONE: "all.spacy"},
        Refused("train -> corpora", "at one", "'all.spacy'"),
    ),
    Case("path empty", corpus(path=""), refused("path", "''", IN_ONE, ".spacy file")),
    Case("path a list", corpus(path=["a"]), refused("path", "['a']", IN_ONE)),
    Case(
        "path of a folder without .spacy files",
        corpus(path="FOLDER/folder"),
        Refused("'path' of the corpus 'one'", "no .spacy file in it", IN_ONE),
    ),
    Case(
        "path of another file",
        corpus(path="FOLDER/text.txt"),
        Refused("is no .spacy file", "mtl convert", IN_ONE),
    ),
    Case(
        "path of no DocBin",
        corpus(path="FOLDER/none.spacy"),
        Refused("'one'", "none.spacy", "cannot be read", "DocBin", IN_ONE),
    ),
    Case(
        "path of zero bytes",
        corpus(path="FOLDER/zero.spacy"),
        Refused("'one'", "zero.spacy", "cannot be read", IN_ONE),
    ),
    Case(
        "path of no texts",
        corpus(path="FOLDER/empty.spacy"),
        Refused("'one' has no text", "empty.spacy", IN_ONE),
    ),
    Case(
        "path of a text without words",
        corpus(path="FOLDER/wordless.spacy"),
        Refused("'one' has no text", IN_ONE),
    ),
    Case(
        "path by a batcher",
        corpus(path=SIZED),
        Refused("'one' (from its reader) cannot be read", IN_ONE),
    ),
    Case("tasks a text", corpus(tasks="ner"), refused("tasks", "'ner'", IN_ONE, "a list")),
    Case("tasks of lists", corpus(tasks=[["ner"]]), refused("tasks", "[['ner']]", IN_ONE, "names")),
    Case("tasks of numbers", corpus(tasks=[1]), refused("tasks", "[1]", IN_ONE, "names")),
    Case(
        "a task twice",
        corpus(tasks=["ner", "tagger", "ner"]),
        refused("tasks", "['ner', 'tagger', 'ner']", IN_ONE, "each once"),
    ),
    Case(
        "a task misspelt",
        corpus(tasks=["nre"]),
        Refused("'one' declares the task 'nre'", "tagger, ner, textcat", IN_ONE),
    ),
    Case(
        "mtl as a task",
        corpus(tasks=["mtl", "ner"]),
        Refused("'one' declares the task 'mtl'", IN_ONE),
    ),
    Case("limit 0: all", corpus(limit=0), READY),
    Case("limit below 0", corpus(limit=-1), refused("limit", "-1", IN_ONE)),
    Case("limit in quotes", corpus(limit="3"), refused("limit", "'3'", IN_ONE)),
    Case("limit NaN", corpus(limit=NAN), not_finite("limit", "nan", IN_ONE)),
    Case("repeat 0", corpus(repeat=0), refused("repeat", "0", IN_ONE)),
    Case(
        "repeat of 400 digits",
        corpus(repeat=HUGE),
        not_finite("repeat", "a whole number of about 398 digits", IN_ONE),
    ),
    Case(
        "max_length that leaves nothing",
        corpus(max_length=1),
        Refused("'one' has no text", "max_length = 1", IN_ONE),
    ),
    Case(
        "max_length misspelt",
        corpus(max_lenght=1),
        Refused("'one'", "max_lenght", "max_length, repeat", IN_ONE),
    ),
    Case(
        "shuffle_buffer 0", {TRAIN + "shuffle_buffer": 0}, refused("shuffle_buffer", "0", IN_TRAIN)
    ),
    Case(
        "shuffle_buffer below 0",
        {TRAIN + "shuffle_buffer": -1},
        refused("shuffle_buffer", "-1", IN_TRAIN),
    ),
    Case(
        "shuffle_buffer in quotes",
        {TRAIN + "shuffle_buffer": "9"},
        refused("shuffle_buffer", "'9'", IN_TRAIN, "quotes"),
    ),
    Case(
        "unknown key of the reader",
        {TRAIN + "shedule": None},
        Refused("unexpected argument: 'shedule'"),
    ),
    Case(
        "a development corpus with a schedule",
        {"corpora/dev/schedule": UNIFORM},
        Refused("[corpora.dev.schedule]", "Take it out"),
    ),
    Case(
        "a development corpus that is the other",
        {"training/dev_corpus": "corpora.train"},
        Refused(IN_SCHEDULE, "Take it out"),
    ),
    Case("corpora that are streamed", {"training/max_epochs": -1}, READY),
    # [corpora.train.schedule]
    Case(
        "schedule a text",
        {SCHEDULE: "spacy_mtl.Uniform.v1"},
        refused("schedule", "'spacy_mtl.Uniform.v1'", IN_SCHEDULE, "@mtl_schedules"),
    ),
    Case(
        "schedule a weighting",
        {SCHEDULE: {"@mtl_weightings": "spacy_mtl.Constant.v1"}},
        Refused("'schedule'", "@mtl_schedules", IN_SCHEDULE),
    ),
    Case(
        "all shares 0",
        draw("Weighted", shares={"one": 0, "two": 0.0}),
        Refused("all 'shares'", "0", IN_SCHEDULE),
    ),
    Case(
        "all shares 0, by schedules",
        draw("Weighted", shares={"one": steady(0.0)}),
        Refused("Weighted", "share of 0 at batch 0", IN_SCHEDULE),
    ),
    Case(
        "share of no corpus",
        draw("Weighted", shares={"one": 1, "tow": 1}),
        Refused("'shares' of the schedule names 'tow'", "'one', 'two'", IN_SCHEDULE),
    ),
    Case(
        "share NaN",
        draw("Weighted", shares={"one": NAN}),
        not_finite("one", "nan", "[corpora.train.schedule.shares]"),
    ),
    Case(
        "share infinite",
        draw("Weighted", shares={"one": INF}),
        not_finite("one", "inf", "[corpora.train.schedule.shares]"),
    ),
    Case(
        "share 'inf'",
        draw("Weighted", shares={"one": "inf"}),
        Refused("share of the corpus 'one' is 'inf'", IN_SCHEDULE),
    ),
    Case(
        "temperature 'nan'",
        draw("Temperature", temperature="nan"),
        Refused("temperature", "'nan'", IN_SCHEDULE),
    ),
    Case("temperature by a schedule", draw("Temperature", temperature=steady(2.0)), READY),
    Case(
        "temperature by a schedule, 0",
        draw("Annealed", temperature=steady(0.0)),
        Refused("temperature", "0 at batch 0", IN_SCHEDULE),
    ),
    Case(
        "a phase of 0 steps",
        phase({"tasks": ["ner"], "steps": 0}),
        Refused("phase 0", "0 steps", IN_SCHEDULE),
    ),
    Case(
        "a phase of half a step",
        phase({"tasks": ["ner"], "steps": 1.5}),
        Refused("phase 0", "1.5 steps", "whole number", IN_SCHEDULE),
    ),
    Case("a phase of half an epoch", phase({"tasks": ["ner"], "epochs": 0.5}), READY),
    Case(
        "a phase of '2' steps",
        phase({"tasks": ["ner"], "steps": "2"}),
        Refused("phase 0", "'2' steps", IN_SCHEDULE),
    ),
    Case(
        "a phase of NaN epochs",
        phase({"tasks": ["ner"], "epochs": NAN}),
        not_finite("phases.0.epochs", "nan", IN_SCHEDULE),
    ),
    Case(
        "a phase of steps and epochs",
        phase({"tasks": ["ner"], "steps": 1, "epochs": 1}),
        Refused("phase 0", "'steps' and 'epochs'", IN_SCHEDULE),
    ),
    Case(
        "a phase of no task",
        phase({"tasks": ["nre"], "steps": 1}),
        Refused("'phases.0.tasks'", "'nre'", IN_SCHEDULE),
    ),
    Case(
        "a phase of a task twice",
        phase({"tasks": ["ner", "ner"], "steps": 1}),
        Refused("phase 0", "each once", IN_SCHEDULE),
    ),
    Case(
        "a phase of lists",
        phase({"tasks": [["ner"]], "steps": 1}),
        Refused("phase 0", "a list of names", IN_SCHEDULE),
    ),
    Case("a phase that is a text", phase("ner"), Refused("-> phases", "'ner' is not")),
    Case(
        "replay 1",
        draw("Sequential", phases=[{"tasks": ["ner"]}], replay=1.0),
        refused("replay", "1.0", IN_SCHEDULE),
    ),
    Case(
        "target of no corpus",
        draw("Bandit", target="nre"),
        Refused("'target'", "'nre'", IN_SCHEDULE),
    ),
    Case("target empty", draw("Bandit", target=""), refused("target", "''", IN_SCHEDULE)),
    # [training.batcher]
    Case(
        "batches of 0", batches_of(0), Refused("no batch of the corpus 'one'", "'size'", IN_BATCHER)
    ),
    Case(
        "batches of -2",
        batches_of(-2),
        Refused("the batcher", "fails", "'size', a number of 1 or more", IN_BATCHER),
    ),
    Case(
        "batches of '2'",
        batches_of("2"),
        Refused("the batcher", "fails", "'size', a number of 1 or more", IN_BATCHER),
    ),
    Case("batches of NaN", batches_of(NAN), not_finite("size", "nan", IN_BATCHER)),
    Case(
        "a batcher inside of itself",
        {BATCHER + "/batcher": {"@batchers": "spacy_mtl.CorpusBatcher.v1", "batcher": SIZED}},
        Refused("'batcher'", "batches of a size", IN_BATCHER),
    ),
    Case(
        "a scorer as batcher",
        {BATCHER + "/batcher": SCORER},
        Refused("the batcher", "fails", IN_BATCHER),
    ),
    Case(
        "batcher a text",
        {BATCHER + "/batcher": "spacy.batch_by_sequence.v1"},
        Refused("batcher -> batcher", "'spacy.batch_by_sequence.v1' is not"),
    ),
    Case("mixed a text", {BATCHER + "/mixed": "yes"}, Refused("batcher -> mixed", "'yes' is not")),
    # [training.logger]
    Case(
        "a logger inside of itself",
        console(logger=log_by("ConsoleLogger")),
        Refused("spacy_mtl.ConsoleLogger.v1", "only once", IN_LOGGER),
    ),
    Case(
        "a keeper inside of itself",
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
    # Numbers of spaCy's own
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpora")
    write_corpora(path)
    return path


@pytest.fixture(scope="module")
def plain(folder: Path) -> Dict[str, Any]:
    return make_plain(folder)


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.filterwarnings("ignore")
def test_config(case: Case, plain: Dict[str, Any], folder: Path) -> None:
    check(case, lambda changes: prepare(changed(plain, changes, folder)))

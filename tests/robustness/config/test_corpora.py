"""[corpora]: files, tasks, limits and readers."""

from pathlib import Path
from typing import Any, Dict

import pytest
from cases import Case, Refused, check, name_of
from changed_configs import (
    HUGE,
    NAN,
    READY,
    SIZED,
    changed,
    not_finite,
    prepare,
    refused,
)

TRAIN = "corpora/train/"
ONE = "corpora/train/corpora/one"
IN_TRAIN = "[corpora.train]"
IN_ONE = "[corpora.train.corpora.one]"
IN_SCHEDULE = "[corpora.train.schedule]"
UNIFORM = {"@mtl_schedules": "spacy_mtl.Uniform.v1"}


def corpus(**settings: Any) -> Dict[str, Any]:
    return {f"{ONE}/{key}": value for key, value in settings.items()}


CASES = [
    Case(
        "no corpora",
        {TRAIN + "corpora": {}},
        Refused("has no corpora", "[corpora.train.corpora.NAME]"),
    ),
    Case(
        "a corpus without a name",
        {TRAIN + "corpora/": {"path": "FOLDER/all.spacy", "tasks": ["ner"]}},
        Refused("a corpus has the name ''", "not be empty", "[corpora.train.corpora.]"),
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
        Refused("'path' of the corpus 'one'", "contains no .spacy files", IN_ONE),
    ),
    Case(
        "path of another file",
        corpus(path="FOLDER/text.txt"),
        Refused("is not a .spacy file", "mtl convert", IN_ONE),
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
        Refused("'one' has no texts", "empty.spacy", IN_ONE),
    ),
    Case(
        "path of a text without words",
        corpus(path="FOLDER/wordless.spacy"),
        Refused("'one' has no texts", IN_ONE),
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
        Refused("'one' has no texts", "max_length = 1", IN_ONE),
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
        Refused("[corpora.dev.schedule]", "Remove it"),
    ),
    Case(
        "a development corpus that is the other",
        {"training/dev_corpus": "corpora.train"},
        Refused(IN_SCHEDULE, "Remove it"),
    ),
    Case("corpora that are streamed", {"training/max_epochs": -1}, READY),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.filterwarnings("ignore")
def test_config(case: Case, plain: Dict[str, Any], folder: Path) -> None:
    check(case, lambda changes: prepare(changed(plain, changes, folder)))

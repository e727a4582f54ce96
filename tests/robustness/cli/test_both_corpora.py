"""Both commands report corpora that are missing, damaged or empty."""

from pathlib import Path

import pytest
from cases import Case, Refused, check, name_of
from command_cases import run

MULTI = "multi.cfg --corpora.train.corpora"


BOTH = [
    Case(
        "training corpus: not there",
        "--corpora.train.path=x.spacy",
        Refused("[corpora.train] is missing", "x.spacy", "Fix 'path'"),
    ),
    Case(
        "development corpus: not there",
        "--corpora.dev.path=x.spacy",
        Refused("[corpora.dev] is missing", "x.spacy", "Fix 'path'"),
    ),
    Case(
        "training corpus: 0 bytes",
        "--corpora.train.path=zero.spacy",
        Refused("[corpora.train] is damaged", "zero.spacy has 0 bytes"),
    ),
    Case(
        "development corpus: 0 bytes",
        "--corpora.dev.path=zero.spacy",
        Refused("[corpora.dev] is damaged", "zero.spacy has 0 bytes"),
    ),
    Case(
        "training corpus: truncated",
        "--corpora.train.path=cut.spacy",
        Refused("[corpora.train] is damaged", "cut.spacy cannot be read"),
    ),
    Case(
        "development corpus: truncated",
        "--corpora.dev.path=cut.spacy",
        Refused("[corpora.dev] is damaged", "cut.spacy cannot be read"),
    ),
    Case(
        "text as a corpus",
        "--corpora.train.path=text.spacy",
        Refused("[corpora.train] is damaged or not a .spacy file", "text.spacy"),
    ),
    Case(
        "empty path of a corpus", ["--corpora.train.path="], Refused("[corpora.train] is not set")
    ),
    Case(
        "two things at once",
        "--corpora.train.path=x.spacy --training.score_weights.tag_acc=2",
        Refused("[corpora.train] is missing", "It failed with"),
    ),
    Case("null for a corpus", "--corpora.train.path=null", Refused("path can't be None")),
    *(
        Case(
            f"corpus '{name}' of several: {file}",
            f"{MULTI}.{name}.path={file}",
            Refused(name, file),
        )
        for name in ("one", "two")
        for file in ("x.spacy", "zero.spacy", "cut.spacy")
    ),
]


@pytest.mark.parametrize("command", ["train", "debug-data"])
@pytest.mark.parametrize("case", BOTH, ids=name_of)
def test_both(case: Case, command: str, here: Path) -> None:
    check(case, lambda given: run(command, given))
    # Nothing to resume from, which would keep the corrected command from starting.
    assert not (here / "out").exists() or not list((here / "out").iterdir())

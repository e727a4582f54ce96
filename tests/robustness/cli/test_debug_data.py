"""Corpora without texts, in `debug-data`."""

from pathlib import Path

import pytest
from cases import Case, Refused, check, name_of
from command_cases import run, says

DEBUG = [
    Case(
        "no texts to train on",
        "--corpora.train.path=empty.spacy",
        Refused("The corpus 'corpora.train' has no texts: training stops there"),
    ),
    Case(
        "no texts to measure on",
        "--corpora.dev.path=empty.spacy",
        says("The corpus 'corpora.dev' has no texts: nothing can be scored"),
    ),
]


@pytest.mark.parametrize("case", DEBUG, ids=name_of)
def test_debug_data(case: Case, here: Path) -> None:
    check(case, lambda given: run("debug-data", given))

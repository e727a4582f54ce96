"""Both commands report code that is missing or broken."""

from pathlib import Path

import pytest
from cases import Case, Refused, check, name_of
from command_cases import run

BOTH = [
    Case("no such code", "--code nope.py", Refused("nope.py", "not found")),
    Case("a folder as code", "--code folder", Refused("--code folder is a folder", "Python file")),
    Case("a corpus as code", "--code corpus.spacy", Refused("corpus.spacy does not end in .py")),
    Case("code with a typo", "--code syntax.py", Refused("syntax.py, line 1", "invalid syntax")),
    Case(
        "code that fails",
        "--code raises.py",
        Refused("AttributeError", "has no attribute 'y'", "raises.py, line 2", "--debug"),
    ),
]


@pytest.mark.parametrize("command", ["train", "debug-data"])
@pytest.mark.parametrize("case", BOTH, ids=name_of)
def test_both(case: Case, command: str, here: Path) -> None:
    check(case, lambda given: run(command, given))
    # Nothing to resume from, which would keep the corrected command from starting.
    assert not (here / "out").exists() or not list((here / "out").iterdir())

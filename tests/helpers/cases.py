"""Cases: what is given, and what is expected of it, a line each.

CASES = [
    Case("an empty file", "", Refused("the file is empty")),
    Case("one word", "one O", Gives(1)),
]

@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_columns(case, tmp_path):
    check(case, lambda text: n_docs_of(text, tmp_path))
"""

from dataclasses import dataclass
from typing import Any, Callable, Tuple, Union

import pytest


@dataclass(frozen=True)
class Gives:
    """What comes out.

    value (Any): The value; or a function that tells of a value whether it is right.
    """

    value: Any


class Refused:
    """An error of ours, that says what, where and how to mend it.

    *says (str): What its message has, in any case of letters.
    error (type): Its class.
    """

    def __init__(self, *says: str, error: type = ValueError) -> None:
        assert says, "an error without a word is none that we want"
        self.says = says
        self.error = error


@dataclass(frozen=True)
class Case:
    """One case of a table.

    name (str): What is wrong, or strange, in a few words.
    given (Any): What is given to the function that is tried.
    answer (Union[Gives, Refused]): What is expected.
    """

    name: str
    given: Any
    answer: Union[Gives, Refused]


def name_of(case: Any) -> str:
    """RETURNS (str): For the ids of a parametrized test."""
    return case.name if isinstance(case, Case) else str(case)


def check(case: Case, run: Callable[[Any], Any]) -> None:
    """Fail unless what is given gives what is expected.

    case (Case): The case.
    run (Callable[[Any], Any]): What is tried.
    """
    if isinstance(case.answer, Refused):
        with pytest.raises(case.answer.error) as caught:
            run(case.given)
        check_message(str(caught.value), case.answer.says)
        return
    found, expected = run(case.given), case.answer.value
    if callable(expected):
        assert expected(found), f"{case.name}: {found!r} is not what was expected"
    else:
        assert found == expected


def check_message(message: str, says: Tuple[str, ...]) -> None:
    """Fail unless a message has some words.

    message (str): The message.
    says (Tuple[str, ...]): The words, in any case of letters.
    """
    missing = [words for words in says if words.lower() not in message.lower()]
    assert not missing, f"the message does not say {missing}: {message[:2000]}"

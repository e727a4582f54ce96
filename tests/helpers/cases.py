"""Tables of test cases: an input and the expected result, one per line.

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
    """The case gives a value.

    value (Any): The value, or a function that says whether a value is right.
    """

    value: Any


class Refused:
    """The case raises an error of ours, which says what is wrong, where, and how to fix it.

    *says (str): Parts of its message, ignoring case.
    error (type): Its class.
    """

    def __init__(self, *says: str, error: type = ValueError) -> None:
        assert says, "errors must have a message"
        self.says = says
        self.error = error


@dataclass(frozen=True)
class Case:
    """One case of a table.

    name (str): What is wrong or unusual, in a few words.
    given (Any): The input of the tested function.
    answer (Union[Gives, Refused]): The expected result.
    """

    name: str
    given: Any
    answer: Union[Gives, Refused]


def name_of(case: Any) -> str:
    """RETURNS (str): The id of a case in a parametrized test."""
    return case.name if isinstance(case, Case) else str(case)


def check(case: Case, run: Callable[[Any], Any]) -> None:
    """Fail unless a case has the expected result.

    case (Case): The case.
    run (Callable[[Any], Any]): The tested function.
    """
    if isinstance(case.answer, Refused):
        with pytest.raises(case.answer.error) as caught:
            run(case.given)
        check_message(str(caught.value), case.answer.says)
        return
    found, expected = run(case.given), case.answer.value
    if callable(expected):
        assert expected(found), f"{case.name}: {found!r} was not expected"
    else:
        assert found == expected


def check_message(message: str, says: Tuple[str, ...]) -> None:
    """Fail unless a message has all parts.

    message (str): The message.
    says (Tuple[str, ...]): The parts, ignoring case.
    """
    missing = [words for words in says if words.lower() not in message.lower()]
    assert not missing, f"the message does not say {missing}: {message[:2000]}"

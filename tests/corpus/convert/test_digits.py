import sys

import pytest

from spacy_mtl.corpus.convert.digits import index_number, whole_number


@pytest.mark.parametrize(
    "text,number",
    [
        ("0", 0),
        ("007", 7),
        ("9" * 18, 10**18 - 1),
        ("9" * 5000, sys.maxsize),
        ("0" * 5000 + "1", 1),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1_0", None),
        (" 1", None),
        ("1.0", None),
        ("\u0663", None),
        ("\u00b2", None),
    ],
)
def test_whole_numbers(text, number):
    assert whole_number(text) == number


@pytest.mark.parametrize(
    "text,number", [("-1", -1), ("2", 2), ("--5", None), ("-", None), ("-x", None)]
)
def test_indices(text, number):
    assert index_number(text) == number

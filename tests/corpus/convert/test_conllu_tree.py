import pytest

from spacy_mtl.corpus.convert.conllu_tree import find_cycle


@pytest.mark.parametrize(
    "heads,found",
    [
        ([], None),
        ([0], None),
        ([1], 1),
        ([2, 0, 2], None),
        ([2, 1, 0], 1),
        ([None, 1, 2], None),
        ([0, 3, 4, 3], 3),
        ([2, 3, 2], 2),
        ([0, 0, 1, 5, 4], 4),
    ],
)
def test_cycles(heads, found):
    assert find_cycle(heads) == found


def test_a_long_chain():
    n = 300_000
    assert find_cycle([i + 2 for i in range(n - 1)] + [0]) is None
    assert find_cycle([i + 2 for i in range(n - 1)] + [n - 1]) == n - 1

"""One rank gets back what it gives; means over several are by units."""

import pickle
from pathlib import Path

import numpy
import pytest
from tiny_pipelines import HEADS

from spacy_mtl.ranks.group import ALONE, Group, digest_of, factors_of, join, mean_of
from spacy_mtl.ranks.shares import cut_evenly, share_of
from spacy_mtl.train.checkpoint import Checkpoint
from spacy_mtl.train.of_ranks import check_same_checkpoint


class Second(Group):
    """The second of two ranks, where the first one always says the same."""

    rank = 1
    size = 2

    def __init__(self, first: object) -> None:
        self.first = first

    def gather(self, value):  # type: ignore[no-untyped-def]
        return [self.first, value]


def test_one_rank_is_the_identity() -> None:
    array = numpy.asarray([1.0, 2.0])
    assert ALONE.sum(array) is array
    assert ALONE.gather(3) == [3]
    assert ALONE.broadcast("x") == "x"
    assert ALONE.union(["a", "b"]) == {"a", "b"}
    found = ALONE.weigh(0.1, 3)
    assert (found.value, found.n_units, found.share) == (0.1, 3, 1.0)
    assert pickle.loads(pickle.dumps(ALONE)).size == 1


def test_mix_of_means() -> None:
    """The mean of the mixes is the mix of the means over all units."""
    values = [(1.0, 5.0), (3.0, 0.0), (0.0, 2.0), (0.0, 0.0)]
    units = [(3, 4), (2, 0), (0, 6), (0, 0)]
    mixed = [
        (sum(w * f * v for w, f, v in zip((0.25, 0.75), factors_of(units, r), of)), max(units[r]))
        for r, of in enumerate(values)
    ]
    expected = 0.25 * (1.0 * 3 + 3.0 * 2) / 5 + 0.75 * (5.0 * 4 + 2.0 * 6) / 10
    assert mean_of(mixed, 0).value == pytest.approx(expected)
    assert ALONE.balance(3, 0) == [1.0, 1.0]
    assert factors_of([(0, 2), (0, 2)], 0) == [0.0, 1.0]


def test_mean_over_units() -> None:
    found = mean_of([(1.0, 3), (5.0, 1)], 1)
    assert (found.value, found.n_units, found.share) == (2.0, 4, 0.25)
    assert mean_of([(0.0, 0), (0.0, 0)], 0).n_units == 0


def test_union_and_sums() -> None:
    assert Second(["a"]).union(["b"]) == {"a", "b"}
    assert Second({"a": 1.0}).add_up({"a": 2.0, "b": 3.0}) == {"a": 3.0, "b": 3.0}


def test_different_ranks_are_named() -> None:
    same, other = digest_of("x"), digest_of("y")
    Second({"config": same}).check_same({"config": "x"})
    with pytest.raises(ValueError, match="Rank 1 of 2 has another config than rank 0"):
        Second({"config": other}).check_same({"config": "x"})


def test_components_join(make_nlp) -> None:  # type: ignore[no-untyped-def]
    nlp = make_nlp(encoder=None)
    group = Second(None)
    join(nlp, group)
    assert all(nlp.get_pipe(name).group is group for name in ("mtl", *HEADS))
    join(nlp, ALONE)
    assert nlp.get_pipe("mtl").group is ALONE


def test_shares_are_as_long() -> None:
    lengths = [9, 1, 4, 4, 2, 8, 0]
    shares = cut_evenly(lengths, 2)
    assert sorted(i for share in shares for i in share) == list(range(7))
    assert [sum(lengths[i] for i in share) for share in shares] == [14, 14]
    assert cut_evenly([5], 2) == [[0], []]


def test_empty_share_has_a_text_without_tokens(make_nlp) -> None:  # type: ignore[no-untyped-def]
    nlp = make_nlp(encoder=None)
    (empty,) = share_of(nlp, [], Second(None))
    assert len(empty.predicted) == 0


def test_ranks_go_on_from_the_same_checkpoint(tmp_path: Path) -> None:
    found = Checkpoint(tmp_path / "checkpoint-20", 20)
    check_same_checkpoint(Second(20), found)
    check_same_checkpoint(Second(None), None)
    says = "Rank 1 of 2 finds no checkpoint in --output, but rank 0 finds the checkpoint of step 20"
    with pytest.raises(ValueError, match=f"{says}. --output must be a folder that all ranks see"):
        check_same_checkpoint(Second(20), None)

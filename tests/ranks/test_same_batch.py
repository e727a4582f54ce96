"""What ranks compare before each step, and before the first."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List

import numpy
import pytest
import spacy
from spacy.tokens import DocBin
from tiny_corpus import make_docs, make_examples

from spacy_mtl.ranks.group import Group, RanksDifferError
from spacy_mtl.registry import registry
from spacy_mtl.sharing.adversary import Classes
from spacy_mtl.train.of_ranks import check_same_batch, check_same_start
from spacy_mtl.types import Annotated


class Recorded(Group):
    """Compares with what an earlier call has sent."""

    size = 2

    def __init__(self) -> None:
        self.sent: List[Dict[str, Any]] = []

    def gather(self, value: Any) -> List[Any]:
        self.sent.append(value)
        return [self.sent[0], value]


def change_text(examples: Any) -> None:
    del examples[0]


def change_order(examples: Any) -> None:
    examples.reverse()


def change_tag(examples: Any) -> None:
    examples[0].reference[0].tag_ = "XX"


def change_category(examples: Any) -> None:
    examples[0].reference.cats["a"] = 0.5


@pytest.mark.parametrize("change", [change_text, change_order, change_tag, change_category])
def test_batches(change: Any) -> None:
    nlp, group = spacy.blank("en"), Recorded()
    check_same_batch(group, make_examples(nlp), {})
    check_same_batch(group, make_examples(nlp), {})
    changed = make_examples(nlp)
    change(changed)
    with pytest.raises(RanksDifferError, match="Rank 1 of 2 has another batch than rank 0"):
        check_same_batch(group, changed, {})


@pytest.mark.parametrize("draw", [random.random, numpy.random.random])
def test_random_numbers(draw: Any) -> None:
    """As of a logger of the first rank, if it drew outside of its own generators."""
    nlp, group = spacy.blank("en"), Recorded()
    check_same_batch(group, make_examples(nlp), {})
    draw()
    with pytest.raises(RanksDifferError, match="state of Python's or numpy's random numbers"):
        check_same_batch(group, make_examples(nlp), {})


def test_sizes_of_parsers() -> None:
    nlp, group = spacy.blank("en"), Recorded()
    check_same_batch(group, make_examples(nlp), {"ner": 9})
    with pytest.raises(RanksDifferError, match="another number of labels of a parser"):
        check_same_batch(group, make_examples(nlp), {"ner": 13})


def start(group: Group, *, every: Any = None, sends: str = "float32", version: str = "1") -> None:
    nlp = spacy.blank("en")
    batches = SimpleNamespace(peek=lambda: None, next_batch=make_examples(nlp))
    training = SimpleNamespace(nlp=nlp, group=group, batches=batches, sends=sends, corpus=None)
    meta = {"machine": {"spacy": version, "processor": random.random(), "threads": every}}
    check_same_start(training, meta, every)


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"every": 10}, "value of --every"),
        ({"sends": "bfloat16"}, "value of --send-as"),
        ({"version": "2"}, "version of a library"),
    ],
)
def test_settings(other: Dict[str, Any], name: str) -> None:
    """Ranks that save, or send, at other times would take one message for another."""
    group = Recorded()
    start(group)
    start(group)
    with pytest.raises(RanksDifferError, match=f"Rank 1 of 2 has another {name} than rank 0"):
        start(group, **other)


@pytest.mark.parametrize("n_ranks", [4, 5])
def test_several_corpora_with_too_few_texts(tmp_path: Path, n_ranks: int) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("mtl_tagger", name="tagger")
    DocBin(docs=make_docs(nlp)[:2]).to_disk(tmp_path / "two.spacy")
    path = str(tmp_path / "two.spacy")
    specs = {name: {"path": path, "tasks": ["tagger"]} for name in "ab"}
    block = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": specs}
    corpus = registry.resolve({"corpus": block})["corpus"]
    group = Recorded()
    group.size = n_ranks
    batches = SimpleNamespace(peek=lambda: None, next_batch=make_examples(nlp)[:1])
    training = SimpleNamespace(nlp=nlp, group=group, batches=batches, sends="", corpus=corpus)
    if n_ranks == 4:
        check_same_start(training, {})
        return
    with pytest.raises(ValueError, match="5 ranks, but the training corpus has 4 texts"):
        check_same_start(training, {})


def test_classes_of_an_adversary() -> None:
    """Each rank meets its own texts, and numbers the corpora of all."""
    of_ranks = [Annotated([frozenset("a")], ["one"]), Annotated([frozenset("b")], ["two"])]
    for own, number in zip(of_ranks, (0, 1)):
        classes = Classes("auto")
        classes.note_all([*of_ranks, Annotated([], [])])
        assert classes.numbers(own) == ([number], 2)
        classes.note_closed()
        assert classes.get_state() == {"corpora": ["one", "two"], "task_sets": [["a"], ["b"]]}

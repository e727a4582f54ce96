"""Several corpora: where texts come from, and what is missing."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import registry
from three_corpora import (
    KINDS,
    SIZES,
    blocks_of,
    config_of,
    draw_batches,
    make_doc,
    make_reader,
    with_heads,
)
from tiny_pipelines import add_joint

from spacy_mtl.types import TASKS_KEY


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_undeclared_annotation_is_missing(paths: Dict[str, Path], max_epochs: int) -> None:
    for batch in draw_batches(config_of(paths, max_epochs), 30):
        for eg in batch:
            gold = eg.reference
            found = [gold.has_annotation("TAG"), gold.has_annotation("ENT_IOB"), bool(gold.cats)]
            assert found == [eg.corpus == name for name in SIZES]
            assert gold.user_data[TASKS_KEY] == [KINDS[eg.corpus]]


def test_another_reader_and_documents_in_memory(paths: Dict[str, Path]) -> None:
    """The documents it keeps are left unchanged."""
    nlp = with_heads()
    kept = [Example(nlp.make_doc(doc.text), doc) for doc in (make_doc(nlp, i) for i in range(40))]

    @registry.readers("kept.v1")
    def create_kept() -> Any:
        return lambda nlp: kept

    blocks = blocks_of(paths, names={"path": {"@readers": "kept.v1"}, "limit": 30, "max_length": 9})
    counts = Counter(eg.corpus for eg in make_reader(blocks)(nlp))
    assert counts["names"] == 30
    assert all(eg.reference.has_annotation("TAG") for eg in kept)


def test_sentence_starts_that_dependencies_imply(tmp_path: Path) -> None:
    """If dependencies belong to another task, their sentence starts are missing, too."""
    nlp = spacy.blank("en")
    words = ["a", "b", "c", "d"]
    doc = Doc(nlp.vocab, words=words, tags=["X"] * 4, heads=[0, 0, 2, 2], deps=["ROOT", "x"] * 2)
    assert doc.has_annotation("SENT_START")
    DocBin(docs=[doc]).to_disk(tmp_path / "parsed.spacy")
    nlp.add_pipe("parser")
    add_joint(nlp, None)
    nlp.add_pipe("mtl_tagger", name="tagger")
    path = str(tmp_path / "parsed.spacy")
    found = {}
    for tasks in (["tagger"], ["parser"]):
        blocks = {"one": {"path": path, "tasks": tasks}}
        blocks["two"] = {"path": path, "tasks": ["tagger", "parser"]}
        first = next(iter(make_reader(blocks)(nlp)))
        found[tasks[0]] = first.reference.has_annotation("SENT_START")
    assert found == {"tagger": False, "parser": True}


def test_two_heads_that_read_the_same(paths: Dict[str, Path], tmp_path: Path) -> None:
    """Both read categories: each has, and learns, only the labels of its own corpora."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    nlp.add_pipe("mtl_textcat", name="topic")
    nlp.add_pipe("mtl_textcat", name="mood")
    docs = [make_doc(nlp, i) for i in range(20)]
    for i, doc in enumerate(docs):
        doc.cats = {"good": float(i % 2), "bad": float(1 - i % 2)}
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "moods.spacy")
    reader = make_reader(
        {
            "topics": {"path": str(paths["topics"]), "tasks": ["topic"]},
            "moods": {"path": str(tmp_path / "moods.spacy"), "tasks": ["mood"]},
        }
    )
    nlp.initialize(lambda: reader(nlp))
    assert set(nlp.get_pipe("topic").labels) == set("abc")
    assert set(nlp.get_pipe("mood").labels) == {"good", "bad"}
    examples = [eg for eg in reader(nlp) if eg.corpus == "topics"]
    losses = nlp.update(examples, sgd=False)
    assert losses["topic"] > 0
    assert losses["mood"] == 0
    scores = nlp.evaluate(examples)
    assert scores["topic_cats_score"] is not None
    assert scores["mood_cats_score"] is None

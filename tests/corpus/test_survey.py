"""Sizes and labels of corpora, found by reading them once."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.util import registry
from three_corpora import (
    SIZES,
    blocks_of,
    config_of,
    make_doc,
    make_reader,
    with_heads,
)
from tiny_pipelines import add_joint

from spacy_mtl.corpus.spec import CorpusSpec


def test_corpora_are_read_once(paths: Dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Even though initialization and training create a reader each."""
    n_read: Counter = Counter()
    read_once = CorpusSpec.read

    def counted(self: CorpusSpec, nlp: Language) -> Any:
        n_read[self.name] += 1
        return read_once(self, nlp)

    nlp = init_nlp(config_of(paths, max_epochs=-1))
    monkeypatch.setattr(CorpusSpec, "read", counted)
    reader = registry.resolve(nlp.config.interpolate()["corpora"])["train"]
    assert reader(nlp).sampler.sizes == SIZES
    assert not n_read
    # In another pipeline, more or less may be annotated.
    other = init_nlp(config_of(paths, max_epochs=-1))
    assert n_read["tags"] > 1
    assert other is not nlp


def test_tagger_of_another_attribute(paths: Dict[str, Path]) -> None:
    """A corpus with only tags isn't enough for it."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    nlp.add_pipe("mtl_tagger", name="pos", config={"attribute": "pos"})
    reader = make_reader({"tags": {"path": str(paths["tags"]), "tasks": ["pos"]}})
    with pytest.raises(ValueError, match="declares the task 'pos', but none of its 150 texts"):
        nlp.initialize(lambda: reader(nlp))


def test_declared_but_missing(paths: Dict[str, Path], tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    DocBin(docs=[nlp("no tags")]).to_disk(tmp_path / "plain.spacy")
    blocks = blocks_of(paths, tags={"path": str(tmp_path / "plain.spacy")})
    with pytest.raises(ValueError, match="'tags' declares the task 'tagger', but none of its 1"):
        init_nlp(config_of(paths, corpora=blocks))


@pytest.mark.parametrize(
    "factory, settings",
    [
        ("mtl_textcat", {"prefix": "t:"}),
        ("mtl_ner", {"spans_key": "events"}),
        ("mtl_tagger", {"attribute": "_.style"}),
    ],
)
def test_declared_but_missing_for_that_head(
    paths: Dict[str, Path], factory: str, settings: Dict[str, Any]
) -> None:
    """There is annotation of that kind, but with another prefix, key or extension."""
    nlp = with_heads()
    nlp.add_pipe(factory, name="special", config=settings)
    blocks = blocks_of(paths, topics={"tasks": ["textcat", "special"]})
    with pytest.raises(
        ValueError, match="'topics' declares the task 'special', but none of its 30"
    ):
        make_reader(blocks)(nlp)


def test_declared_but_missing_with_a_teacher(paths: Dict[str, Path], tmp_path: Path) -> None:
    """It learns from texts without annotation, too."""
    nlp = with_heads("tagger")
    DocBin(docs=[nlp.make_doc("no tags")]).to_disk(tmp_path / "plain.spacy")
    head: Any = nlp.get_pipe("tagger")
    reader = make_reader({"plain": {"path": str(tmp_path / "plain.spacy"), "tasks": ["tagger"]}})
    with pytest.raises(ValueError, match="'plain' declares the task 'tagger'"):
        list(reader(nlp))
    head.set_teacher({"path": "nowhere", "weight": 1.0})
    assert [len(eg.reference) for eg in reader(nlp)] == [2]


def test_empty_corpus(paths: Dict[str, Path], tmp_path: Path) -> None:
    DocBin(docs=[]).to_disk(tmp_path / "empty.spacy")
    blocks = blocks_of(paths, tags={"path": str(tmp_path / "empty.spacy")})
    with pytest.raises(ValueError, match="corpus 'tags' has no texts .*empty.spacy"):
        init_nlp(config_of(paths, corpora=blocks))
    with pytest.raises(ValueError, match="corpus 'tags' has no texts .*max_length = 2"):
        init_nlp(config_of(paths, corpora=blocks_of(paths, tags={"max_length": 2})))


def test_reader_that_cannot_be_hashed_or_fails(paths: Dict[str, Path]) -> None:
    @dataclass
    class Rows:
        rows: Any

        def __call__(self, nlp: Language) -> Any:
            return [Example(nlp.make_doc(doc.text), doc) for doc in self.rows]

    @registry.readers("rows.v1")
    def create_rows(fails: bool = False) -> Any:
        blank = spacy.blank("en")
        return Rows(None if fails else [make_doc(blank, i) for i in range(150)])

    def block(fails: bool) -> Dict[str, Any]:
        path = {"@readers": "rows.v1", "fails": fails}
        return {"rows": {"path": path, "tasks": ["tagger"]}}

    nlp = with_heads("tagger")
    nlp.initialize(lambda: make_reader(block(fails=False))(nlp))
    assert "RARE" in nlp.get_pipe("tagger").labels  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"'rows' \(from its reader\) cannot be read: 'NoneType'"):
        list(make_reader(block(fails=True))(nlp))

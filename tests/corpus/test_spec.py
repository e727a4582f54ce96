"""Settings of a corpus."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict

import pytest
from spacy.tokens import DocBin
from three_corpora import (
    blocks_of,
    make_reader,
    with_heads,
)


def test_limit_max_length_repeat(paths: Dict[str, Path]) -> None:
    blocks = blocks_of(paths, tags={"limit": 20, "repeat": 3}, names={"max_length": 6})
    counts = Counter(eg.corpus for eg in make_reader(blocks)(with_heads()))
    assert counts == {"tags": 60, "names": 60, "topics": 30}


def test_limit_of_a_folder(paths: Dict[str, Path]) -> None:
    """It counts over all files, after max_length is applied."""
    folder = next(iter(paths.values())).parent
    nlp = with_heads("tagger")
    docs = [nlp.make_doc("long " * 9)] * 5
    DocBin(docs=docs).to_disk(folder / "a_long.spacy")
    blocks = {"all": {"path": str(folder), "tasks": ["tagger"], "limit": 160, "max_length": 6}}
    assert len(list(make_reader(blocks)(nlp))) == 160


@pytest.mark.parametrize(
    "change, message",
    [
        ({"names": {"path": "nowhere.spacy"}}, "'path' of the corpus 'names' is 'nowhere.spacy'"),
        ({"names": {"path": None}}, "'path' of the corpus 'names' is None"),
        ({"names": {"path": 5}}, "'path' of the corpus 'names' is 5"),
        ({"names": {"path": ["a", "b"]}}, "'path' of the corpus 'names' is \\['a', 'b'\\]"),
        ({"names": {"path": ""}}, "'path' of the corpus 'names' is ''"),
        ({"names": {"tasks": []}}, "'tasks' of the corpus 'names' is \\[\\]"),
        ({"names": {"tasks": "ner"}}, "'tasks' of the corpus 'names' is 'ner'.*a list"),
        ({"names": {"limit": -1}}, "'limit' of the corpus 'names' is -1"),
        ({"names": {"repeat": 0}}, "'repeat' of the corpus 'names' is 0"),
        ({"names": {"lmit": 3}}, "corpus 'names' is .*lmit.*some of: path, tasks, limit"),
    ],
)
def test_entries(paths: Dict[str, Path], change: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"{message}.*corpora.train.corpora.names"):
        make_reader(blocks_of(paths, **change))


def test_path_that_is_not_a_corpus(paths: Dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match="'names', .*folder, contains no .spacy files"):
        make_reader(blocks_of(paths, names={"path": str(tmp_path / "folder")}))
    (tmp_path / "names.jsonl").write_text("{}")
    with pytest.raises(ValueError, match="'names', .*names.jsonl, is not a .spacy.*mtl convert"):
        make_reader(blocks_of(paths, names={"path": str(tmp_path / "names.jsonl")}))
    (tmp_path / "cut.spacy").write_bytes(paths["names"].read_bytes()[:100])
    cut = make_reader(blocks_of(paths, names={"path": str(tmp_path / "cut.spacy")}))
    with pytest.raises(ValueError, match="corpus 'names' .*cut.spacy.* cannot be read: .*E1014"):
        cut(with_heads())

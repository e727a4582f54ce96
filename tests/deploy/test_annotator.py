"""Rows in, rows with annotation out."""

import pickle
from pathlib import Path
from typing import Any, Dict, List

import numpy
import pandas
import pyarrow
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_mtl.deploy import Annotator
from spacy_mtl.deploy.fields import FIELDS

TEXTS = ["Anna reads. Bert", "", "an error here", "books", " \n ", None, 3]


@Language.component("tests_annotates")
def annotates(doc: Doc) -> Doc:
    """Marks names, and fails for some texts."""
    if "error" in doc.text:
        raise RuntimeError("this text is bad")
    names = [token for token in doc if token.text.istitle()]
    doc.ents = [Span(doc, token.i, token.i + 1, "PER") for token in names]
    doc.spans["sc"] = doc.ents
    doc.spans["sc"].attrs["scores"] = numpy.asarray([0.5] * len(names))
    for token in doc:
        token.tag_ = token.text[:1]
    doc.cats = {"a": 0.25, "b": 0.75}
    return doc


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    nlp = spacy.blank("en")
    nlp.add_pipe("tests_annotates")
    nlp.to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


def expected(text: Any) -> Dict[str, Any]:
    """What is added for a text."""
    none: Dict[str, Any] = dict.fromkeys(("tokens", "tags", "ents", "cats"))
    if not isinstance(text, str):
        return {**none, "error": f"The text is no text, but of the type {type(text).__name__}"}
    if "error" in text:
        return {**none, "error": "RuntimeError: this text is bad"}
    words = [token.text for token in spacy.blank("en")(text)]
    names = [(text.index(word), word) for word in words if word.istitle()]
    return {
        "tokens": words,
        "tags": [word[:1] for word in words],
        "ents": [
            {"start": i, "end": i + len(word), "label": "PER", "text": word, "score": None}
            for i, word in names
        ],
        "cats": {"a": 0.25, "b": 0.75},
        "error": None,
    }


def test_rows(pipeline: Path) -> None:
    rows = [{"id": i, "text": text} for i, text in enumerate(TEXTS)]
    found = Annotator(pipeline).rows(rows)
    assert found == [{**row, **expected(row["text"])} for row in rows]
    assert Annotator(pipeline).rows([{"id": 0}])[0]["error"].startswith("The text is no text")
    assert Annotator(pipeline, text="body").rows([{"body": "a"}])[0]["tokens"] == ["a"]
    assert Annotator(pipeline).rows([]) == []


def test_batches_of_each_kind(pipeline: Path) -> None:
    """All have the same content."""
    texts = TEXTS[:6]
    annotator = Annotator(pipeline, ["tokens", "tags", "ents", "spans", "cats"], batch_size=2)
    rows = annotator.rows([{"id": i, "text": text} for i, text in enumerate(texts)])
    table = pyarrow.table({"id": range(6), "text": texts})
    for batch in (table, table.to_batches()[0]):
        found = annotator(batch)
        assert type(found) is type(batch)
        assert found.schema.names == ["id", "text", *annotator.added]
        assert _plain(found.to_pylist()) == rows
    frame = annotator(pandas.DataFrame({"id": range(6), "text": texts}))
    assert list(frame.columns) == ["id", "text", *annotator.added]
    assert frame.to_dict("records") == rows
    columns = annotator({"id": numpy.arange(6), "text": numpy.asarray(texts, dtype=object)})
    assert [dict(zip(columns, values)) for values in zip(*columns.values())] == rows
    (batch,) = annotator.in_arrow(table.to_batches())
    assert _plain(batch.to_pylist()) == rows
    (again,) = annotator.in_pandas([pandas.DataFrame({"id": range(6), "text": texts})])
    assert again.to_dict("records") == rows
    spans = rows[0]["spans"]
    assert spans[0] == {
        "key": "sc", "start": 0, "end": 4, "label": "PER", "text": "Anna", "score": 0.5
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", [["a", None], ["a", float("nan")], pandas.array(["a", None], dtype="string")]
)
def test_missing_texts_of_frames(pipeline: Path, text: Any) -> None:
    """One error, however pandas writes them."""
    found = Annotator(pipeline)(pandas.DataFrame({"text": text}))
    assert found["error"].tolist() == [None, expected(None)["error"]]


def _plain(rows: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Rows of Arrow, where a map is a list of pairs."""
    return [{**row, "cats": None if row["cats"] is None else dict(row["cats"])} for row in rows]


def test_all_fields(pipeline: Path) -> None:
    annotator = Annotator(pipeline, list(FIELDS))
    table = annotator(pyarrow.table({"text": ["Anna reads"]}))
    (row,) = table.to_pylist()
    assert set(row) == {"text", *FIELDS, "error"}
    schema = annotator.spark_schema("text string")
    assert schema.startswith("text string, tokens array<string>, tags array<string>, pos array")
    assert "cats map<string,double>, error string" in schema
    assert "ents array<struct<start:int,end:int,label:string,text:string,score:double>>" in schema


def test_a_copy_is_small_and_loads_for_itself(pipeline: Path) -> None:
    annotator = Annotator(pipeline)
    annotator.annotate(["a"])
    copied = pickle.dumps(annotator)
    assert len(copied) < 1000
    # In the same process, the pipeline isn't loaded again.
    assert pickle.loads(copied).nlp is annotator.nlp
    assert Annotator(pipeline, exclude=["tests_annotates"]).nlp is not annotator.nlp


def test_strings_are_forgotten(pipeline: Path) -> None:
    """The memory of a worker doesn't grow with the texts."""
    annotator = Annotator(pipeline)
    annotator.annotate(["once"])
    before = len(annotator.nlp.vocab.strings)
    annotator.annotate([f"word{i} other{i}" for i in range(50)])
    assert len(annotator.nlp.vocab.strings) == before


def test_errors(pipeline: Path) -> None:
    with pytest.raises(ValueError, match="has 'tag'. Did you mean 'tags'"):
        Annotator(pipeline, ["tag"])
    with pytest.raises(ValueError, match="'fields' of an Annotator is 'tags', but must be a list"):
        Annotator(pipeline, "tags")
    with pytest.raises(ValueError, match="'text' of an Annotator is 'tags', but a column of that"):
        Annotator(pipeline, text="tags")
    with pytest.raises(ValueError, match="no column 'text', but: body. Name the column"):
        Annotator(pipeline)(pyarrow.table({"body": ["a"]}))
    with pytest.raises(ValueError, match="have a column 'tags', which would be added"):
        Annotator(pipeline)({"text": ["a"], "tags": ["b"]})
    with pytest.raises(ValueError, match="have a column 'error', which would be added"):
        Annotator(pipeline).rows([{"text": "a"}, {"text": "b", "error": None}])
    with pytest.raises(OSError, match="nowhere"):
        Annotator("nowhere").annotate(["a"])

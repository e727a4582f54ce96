"""Conversions of published corpora match the reference files in JSON lines."""

import json
import os
from pathlib import Path

import pytest
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_mtl.corpus.convert import convert

DEFAULT = Path(__file__).parents[4] / "shared"
DATA = Path(os.environ.get("SPACY_MTL_DATA", DEFAULT))
# Corpus, options, and the input of each split.
CORPORA = {
    "gum": (
        {"n_sents": 5, "cats_from": "genre"},
        {"dev": "en_gum-ud-dev.conllu", "test": "en_gum-ud-test.conllu"},
    ),
    "snips": ({}, {"dev": "valid", "test": "test"}),
    "wnut17": ({}, {"dev": "emerging.dev.conll", "test": "emerging.test.annotated"}),
}

pytestmark = pytest.mark.realdata


def check_against(docs, path):
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(docs) == len(records)
    for doc, record in zip(docs, records):
        found = {
            "text": doc.text,
            "words": [t.text for t in doc],
            "spaces": [bool(t.whitespace_) for t in doc],
            "tags": [t.tag_ for t in doc] if doc.has_annotation("TAG") else None,
            "pos": [t.pos_ for t in doc] if doc.has_annotation("POS") else None,
            "ents": [[e.start, e.end, e.label_] for e in doc.ents],
            "cats": doc.cats or None,
        }
        if not doc.has_annotation("ENT_IOB", require_complete=True):
            found["ents"] = None
        assert found == {key: record.get(key) for key in found}
        starts = record["meta"].get("sent_starts")
        if len(doc) > 1:
            assert doc.has_annotation("SENT_START") == (starts is not None)
        if starts is not None:
            assert [sent.start for sent in doc.sents] == starts


@pytest.mark.parametrize("corpus", CORPORA)
def test_raw_files(corpus, tmp_path):
    options, splits = CORPORA[corpus]
    convert([DATA / "raw" / corpus / name for name in splits.values()], tmp_path, **options)
    for split, name in splits.items():
        target = tmp_path / f"{Path(name).stem}.spacy"
        docs = list(DocBin().from_disk(target).get_docs(Vocab()))
        check_against(docs, DATA / "data" / corpus / f"{split}.jsonl")


@pytest.mark.parametrize("corpus", ["ewt", "gum", "snips", "wnut17", "zh_gsd"])
def test_json_lines(corpus, tmp_path):
    path = DATA / "data" / corpus / "dev.jsonl"
    convert(path, tmp_path / "dev.spacy")
    check_against(list(DocBin().from_disk(tmp_path / "dev.spacy").get_docs(Vocab())), path)

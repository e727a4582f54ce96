"""The merged corpus for stock spaCy."""

from collections import Counter
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import DocBin


def test_merged_texts_only_have_their_own_annotation(
    benchmark_module: Any, tiny_corpus: Path, tmp_path: Path
) -> None:
    tasks = ("tagger", "ner", "sentiment")
    run = benchmark_module("corpora.runs").Run("three", "stock spaCy, merged", tasks, 0)
    paths = dict.fromkeys(tasks, tiny_corpus)
    path = benchmark_module("corpora.merged").merge(run, paths, tmp_path)
    found = Counter(
        (doc.has_annotation("TAG"), doc.has_annotation("ENT_IOB"), bool(doc.cats))
        for doc in DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    )
    kinds = [(True, False, False), (False, True, False), (False, False, True)]
    assert found == dict.fromkeys(kinds, 4)

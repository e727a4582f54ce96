"""The corpus for stock spaCy: the texts of all tasks."""

import random
from pathlib import Path
from typing import Dict

from .runs import Run

#: The annotation that each kind of component learns from.
ANNOTATION = {"tagger": "tags", "ner": "entities", "textcat": "categories"}


def merge(run: Run, corpora: Dict[str, Path], work: Path) -> Path:
    """Merge all texts into one corpus, each with only the annotation of its own task.

    run (Run): The run to train.
    corpora (Dict[str, Path]): The training texts by task.
    work (Path): Folder for corpora and models.
    RETURNS (Path): The .spacy file.
    """
    import spacy
    from spacy.tokens import DocBin

    from spacy_mtl.corpus.annotation import clear

    vocab = spacy.blank("en").vocab
    docs = []
    for name, path in corpora.items():
        others = set(ANNOTATION.values()) - {ANNOTATION[run.sources[name].kind]}
        for doc in DocBin().from_disk(path).get_docs(vocab):
            clear(doc, others)
            docs.append(doc)
    random.Random(0).shuffle(docs)
    merged = work / f"{run.name}.spacy"
    DocBin(docs=docs).to_disk(merged)
    return merged

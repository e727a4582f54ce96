"""What stock spaCy is given: the texts of all tasks as one corpus."""

import random
from pathlib import Path
from typing import Dict

from .runs import Run

#: What annotation a component of a kind learns from.
ANNOTATION = {"tagger": "tags", "ner": "entities", "textcat": "categories"}


def merge(run: Run, corpora: Dict[str, Path], work: Path) -> Path:
    """Make one corpus of all texts, each with the annotation of its own task only.

    run (Run): What to train.
    corpora (Dict[str, Path]): By task, its training texts.
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

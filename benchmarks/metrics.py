"""What is measured of each kind of head, and the cells of the tables."""

import os
import platform
import statistics
from pathlib import Path
from typing import Any, List

#: The scores of a kind of head, as spaCy calls them.
METRICS = {"tagger": ("tag_acc",), "ner": ("ents_f",), "textcat": ("cats_micro_f",)}
TITLES = {
    "tag_acc": "tags (accuracy)",
    "ents_f": "entities (F1)",
    "cats_micro_f": "category (accuracy)",
    "both": "category and all entities right",
}


def annotated(nlp: Any, corpus: Path, gold_words: bool = False) -> List[Any]:
    """Annotate a corpus as `nlp.evaluate` does, which keeps the predictions to itself.

    nlp (Language): A trained pipeline.
    corpus (Path): A .spacy file.
    gold_words (bool): Whether to take the corpus's words as they are.
    RETURNS (List[Example]): The examples, with what the pipeline predicts.
    """
    from spacy.training import Corpus

    examples = list(Corpus(corpus, gold_preproc=gold_words)(nlp))
    for eg, doc in zip(examples, list(nlp.pipe([eg.predicted for eg in examples]))):
        eg.predicted = doc
    return examples


def cell(values: List[float]) -> str:
    """RETURNS (str): For a table: mean, range and number of scores."""
    if not values:
        return "–"
    low, high = min(values), max(values)
    return f"{statistics.mean(values):.1f} ({low:.1f}–{high:.1f}; {len(values)})"


def print_machine() -> None:
    """Print what the report was made on, below its tables."""
    print(f"\nPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")

"""The scores of each kind of head, and the cells of the tables."""

import os
import platform
import statistics
from pathlib import Path
from typing import Any, Dict, List

#: spaCy's names of the scores by kind of head.
METRICS = {"tagger": ("tag_acc",), "ner": ("ents_f",), "textcat": ("cats_micro_f",)}
METRICS["sentiment"] = METRICS["textcat"]
TITLES = {
    "tag_acc": "tags (accuracy)",
    "ents_f": "entities (F1)",
    "cats_micro_f": "category (accuracy)",
    "both": "category and all entities right",
}


def annotated(nlp: Any, corpus: Path, gold_words: bool = False) -> List[Any]:
    """Annotate a corpus as `nlp.evaluate` does, which does not return the predictions.

    nlp (Language): A trained pipeline.
    corpus (Path): A .spacy file.
    gold_words (bool): Whether to use the corpus's own tokens.
    RETURNS (List[Example]): The examples with the predictions of the pipeline.
    """
    from spacy.training import Corpus

    examples = list(Corpus(corpus, gold_preproc=gold_words)(nlp))
    for eg, doc in zip(examples, list(nlp.pipe([eg.predicted for eg in examples]))):
        eg.predicted = doc
    return examples


def cell(values: List[float]) -> str:
    """RETURNS (str): A table cell: mean, range and number of scores."""
    if not values:
        return "–"
    low, high = min(values), max(values)
    return f"{statistics.mean(values):.1f} ({low:.1f}–{high:.1f}; {len(values)})"


def differences(own: Dict[int, float], other: Dict[int, float]) -> Dict[int, float]:
    """RETURNS (Dict[int, float]): By how much scores are higher than others, by seed."""
    return {seed: own[seed] - other[seed] for seed in own if seed in other}


def spread_cell(values: List[float], sign: str = "") -> str:
    """RETURNS (str): A table cell: mean, standard deviation and number of values."""
    if not values:
        return "–"
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):{sign}.1f}{spread} ({len(values)})"


def print_machine() -> None:
    """Print the machine that the report was made on, below its tables."""
    print(f"\nPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")

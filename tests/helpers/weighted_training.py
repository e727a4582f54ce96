"""A training in which tasks come and go, for each weighting where it works."""

from typing import Any, List

from methods import ONLY_AT_PARAMETERS
from spacy.language import Language
from thinc.api import fix_random_seed
from tiny_corpus import make_examples


def level_of(name: str) -> str:
    """Where the gradients meet for a weighting: at the representation if it works there."""
    return "parameters" if name in (*ONLY_AT_PARAMETERS, "DBMTL") else "representation"


def train(nlp: Language, n_steps: int, optimizer: Any) -> None:
    """Steps like those of `spacy train`, each with other tasks present."""
    kinds: List[Any] = [None, "tag", "ents"]
    for step in range(n_steps):
        fix_random_seed(step)
        nlp.update(make_examples(nlp, kinds[step % 3]), sgd=False, drop=0.1)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)

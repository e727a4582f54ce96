"""A pipeline with one head of each kind, and texts with categories."""

from typing import Any, Dict, List, Optional

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from tiny_corpus import make_examples
from tiny_pipelines import FOUR_HEADS, add_joint


def build(encoder: Any = None, **configs: Any) -> Language:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder)
    for name, factory in FOUR_HEADS.items():
        nlp.add_pipe(factory, name=name, config=configs.get(name, {}))
    nlp.config["initialize"]["components"]["multi"] = {"labels": ["p", "q"]}
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def example(nlp: Language, cats: Dict, predicted: Optional[Dict] = None) -> Example:
    doc, gold = Doc(nlp.vocab, words=["x", "y"]), Doc(nlp.vocab, words=["x", "y"])
    gold.cats = cats
    doc.cats = predicted or {}
    return Example(doc, gold)


def numbers(scores: Any) -> List[Any]:
    if isinstance(scores, dict):
        return [each for found in scores.values() for each in numbers(found)]
    return [scores]

"""A tiny corpus whose annotation is wrong now and then, so that confidences can be too high."""

from typing import Any, Dict, List, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from tiny_corpus import make_docs, make_examples, strip
from tiny_pipelines import HEADS, add_joint

DEFAULT: Dict[str, Tuple[str, Dict[str, Any]]] = {name: (kind, {}) for name, kind in HEADS.items()}
_OTHER = {"PER": "LOC", "LOC": "PER", "a": "b", "b": "a"}


def noisy_docs(nlp: Language, n_rounds: int = 40, keep: str = "") -> List[Doc]:
    """Gold documents, in every fourth round with other labels; or only one kind of annotation."""
    docs: List[Doc] = []
    for i in range(n_rounds):
        for doc in make_docs(nlp):
            if i % 4 == 0:
                doc.set_ents([Span(doc, e.start, e.end, _OTHER[e.label_]) for e in doc.ents])
                doc.cats = {_OTHER[label]: value for label, value in doc.cats.items()}
                for token in doc:
                    token.tag_ = "NN"
            docs.append(strip(doc, keep) if keep else doc)
    return docs


def noisy_examples(nlp: Language, n_rounds: int = 40, keep: str = "") -> List[Example]:
    return [Example(strip(doc, ""), doc) for doc in noisy_docs(nlp, n_rounds, keep)]


def sure_pipeline(encoder: Any = None, heads: Any = None, **mtl_config: Any) -> Language:
    """A pipeline that has learned the corpus without what is wrong.

    heads (Optional[Dict[str, Tuple[str, Dict]]]): Factories and settings by name; by default
        a tagger, an entity head and one of exclusive categories.
    """
    nlp = spacy.blank("en")
    fix_random_seed(0)
    add_joint(nlp, encoder, **mtl_config)
    for name, (factory, settings) in (heads or DEFAULT).items():
        nlp.add_pipe(factory, name=name, config=settings)
    nlp.initialize(lambda: make_examples(nlp))
    sgd = Adam(0.02)
    for _ in range(15):
        nlp.update(make_examples(nlp), sgd=sgd)
    return nlp

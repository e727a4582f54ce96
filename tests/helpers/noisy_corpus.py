"""A tiny corpus whose annotation is wrong now and then, so that confidences can be too high."""

from typing import Any, Dict, Iterable, List, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from tiny_corpus import make_docs, strip
from tiny_pipelines import HEADS, add_joint

DEFAULT: Dict[str, Tuple[str, Dict[str, Any]]] = {name: (kind, {}) for name, kind in HEADS.items()}
_OTHER = {"PER": "LOC", "LOC": "PER", "a": "b", "b": "a"}


def noisy_docs(nlp: Language, rounds: Iterable[int] = range(40), keep: str = "") -> List[Doc]:
    """Gold documents, in every fourth round with other labels; or only one kind of annotation.

    Places are also spans under the key "places".
    """
    docs: List[Doc] = []
    for i in rounds:
        for doc in make_docs(nlp):
            if i % 4 == 0:
                doc.set_ents([Span(doc, e.start, e.end, _OTHER[e.label_]) for e in doc.ents])
                doc.cats = {_OTHER[label]: value for label, value in doc.cats.items()}
                for token in doc:
                    token.tag_ = "NN"
            if not keep:
                places = [ent for ent in doc.ents if ent.label_ == "LOC"]
                doc.spans["places"] = SpanGroup(doc, name="places", spans=places)
            docs.append(strip(doc, keep) if keep else doc)
    return docs


def noisy_examples(
    nlp: Language, rounds: Iterable[int] = range(40), keep: str = ""
) -> List[Example]:
    return [Example(strip(doc, ""), doc) for doc in noisy_docs(nlp, rounds, keep)]


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
    nlp.initialize(lambda: noisy_examples(nlp, [1]))
    sgd = Adam(0.02)
    for _ in range(15):
        nlp.update(noisy_examples(nlp, [1]), sgd=sgd)
    return nlp

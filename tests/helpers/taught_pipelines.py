"""Small pipelines with one head, teachers among them, and texts for their students."""

from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from tiny_corpus import TEXTS, make_examples
from tiny_pipelines import CRF, add_joint

#: The factory and settings of each kind of head.
KINDS: Dict[str, Tuple[str, Dict[str, Any]]] = {
    "tagger": ("mtl_tagger", {}),
    "ner": ("mtl_ner", {}),
    "ner with transitions": ("mtl_ner", {"model": CRF}),
    "textcat": ("mtl_textcat", {}),
    "multi": ("mtl_textcat_multilabel", {}),
}


def with_head(kind: str, name: str = "head", **settings: Any) -> Language:
    """A pipeline that is not initialized."""
    factory, config = KINDS[kind]
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    nlp.add_pipe(factory, name=name, config={**config, **settings})
    return nlp


def start(nlp: Language, keep: Optional[str] = None) -> Language:
    """Initialize a pipeline with the tiny corpus, or without its annotation (keep="")."""
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp, keep))
    return nlp


def learn(nlp: Language, examples: List[Example], n_steps: int, rate: float = 0.02) -> List[float]:
    """Train, and return the losses of the head."""
    sgd = Adam(rate)
    losses = []
    for _ in range(n_steps):
        losses.append(nlp.update(examples, sgd=False)[nlp.pipe_names[-1]])
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)
    return losses


def save_teacher(kind: str, path: Path, n_steps: int = 25) -> Path:
    """Train a pipeline on the tiny corpus, and save it."""
    nlp = start(with_head(kind))
    learn(nlp, make_examples(nlp), n_steps)
    nlp.to_disk(path)
    return path


def block(teacher: Path, cache: Path, weight: Any = 1.0, **settings: Any) -> Dict[str, Any]:
    """A block [teacher]. Each test has files of its own."""
    return {"path": str(teacher), "cache": str(cache), "weight": weight, **settings}


def unlabelled(nlp: Language, n: int, seed: int = 0) -> List[Example]:
    """Texts of random words of the tiny corpus, without annotation."""
    words = sorted({word for text, *_ in TEXTS for word in text.split()})
    rng = numpy.random.default_rng(seed)
    texts = [rng.choice(words, size=rng.integers(1, 9)).tolist() for _ in range(n)]
    return [Example(Doc(nlp.vocab, words=text), Doc(nlp.vocab, words=text)) for text in texts]


def probabilities(nlp: Language, examples: List[Example], name: str = "head") -> numpy.ndarray:
    """What a head gives to its students, for the documents of examples."""
    texts = [[token.text for token in eg.predicted] for eg in examples]
    docs = [Doc(nlp.vocab, words=words) for words in texts]
    head: Any = nlp.get_pipe(name)
    for other, pipe in nlp.pipeline:
        if other != name:
            docs = list(pipe.pipe(docs))
    return numpy.concatenate(head.give_targets(docs))

"""Pipelines that rehearse, what they have learned, and the gradients of a rehearsal."""

from typing import Any, Dict, List

import numpy
import spacy
from spacy.language import Language
from spacy.training import Example
from taught_pipelines import learn, unlabelled
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import CRF, FOUR_HEADS, add_joint

from spacy_mtl.parameters import slots_of


def trained(encoder: Any = None, n_steps: int = 20, **mtl: Any) -> Language:
    """A pipeline with a head of each kind, entities by a CRF, trained on the tiny corpus."""
    configs: Dict[str, Dict[str, Any]] = {"ner": {"model": CRF}, "multi": {"prefix": "m:"}}
    nlp = spacy.blank("en")
    add_joint(nlp, encoder, **mtl)
    for name, factory in FOUR_HEADS.items():
        nlp.add_pipe(factory, name=name, config=configs.get(name, {}))
    nlp.config["initialize"]["components"]["textcat"] = {"labels": ["a", "b"]}
    fix_random_seed(0)
    nlp.initialize(lambda: examples_of(nlp))
    learn(nlp, examples_of(nlp), n_steps, rate=0.01)
    return nlp


def examples_of(nlp: Language) -> List[Example]:
    examples = make_examples(nlp)
    for i, eg in enumerate(examples):
        eg.reference.cats.update({"m:p": float(i < 2), "m:q": float(i % 2)})
    return examples


def copied(nlp: Language, path: Any) -> Language:
    """Another pipeline, with the same values."""
    nlp.to_disk(path)
    return spacy.load(path)


def texts(nlp: Language, n: int = 30) -> List[Example]:
    return unlabelled(nlp, n, seed=7)


def gradients(nlp: Language) -> Dict[str, numpy.ndarray]:
    """All gradients by component, flattened. Those of parameters without one are left out."""
    found: Dict[str, List[numpy.ndarray]] = {}
    for slot in slots_of(nlp):
        gradient = slot.gradient()
        if gradient is not None:
            found.setdefault(slot.address.split("/")[0], []).append(numpy.ravel(gradient).copy())
    return {name: numpy.concatenate(arrays) for name, arrays in found.items()}


def clear(nlp: Language) -> None:
    for slot in slots_of(nlp):
        slot.take()


def distance(nlp: Language, other: Language, name: str) -> float:
    """How much probabilities of a head differ, among the labels of the other pipeline's head."""
    rows = [said(each, name) for each in (nlp, other)]
    width = rows[1].shape[1]
    own = rows[0][:, :width]
    if name != "multi":
        own = own / own.sum(axis=1, keepdims=True)
    return float(numpy.abs(own - rows[1]).mean())


def said(nlp: Language, name: str) -> numpy.ndarray:
    head: Any = nlp.get_pipe(name)
    docs = [eg.predicted for eg in texts(nlp)]
    for other, pipe in nlp.pipeline:
        if other in ("transformer", "mtl"):
            docs = list(pipe.pipe(docs))
    return numpy.concatenate(head.give_targets(docs))

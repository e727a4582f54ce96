"""Pipelines with a sharing scheme inside the encoder, to compare with each other."""

from typing import Any, List

import numpy
import spacy
import torch
from random_encoders import narrow_bert
from spacy.language import Language
from thinc.api import SGD, fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, constant
from training_steps import step

from spacy_mtl.parameters import slots_of_model

TASKS = ["tagger", "ner", "textcat"]
TEXTS = ["anna books a room", "", "b", " \n ", "two  spaces\n", "old books " * 40]
HARD, MIX, PARTIAL, ADAPTERS = (
    f"spacy_mtl.{x}.v1" for x in ("HardSharing", "LayerMix", "PartialSharing", "Adapters")
)


def build(
    title: str, heads: Any = TASKS, encoder: Any = (), weighting: Any = None, **settings: Any
) -> Language:
    """A pipeline with a scheme around a narrow BERT without dropout."""
    config = {"@architectures": "spacy_mtl.TransformerEncoder.v1", "name": narrow_bert()}
    model = {"@architectures": title, "tok2vec": {**config, **dict(encoder)}}
    nlp = spacy.blank("en")
    gradients = settings.pop("gradients", None)
    config = {"model": {**model, **settings}, "weighting": weighting or constant()}
    nlp.add_pipe("mtl", config={**config, "gradients": gradients})
    for task in heads:
        nlp.add_pipe(HEADS[task], name=task)
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    for task in heads:
        # Heads of the same task start alike, in each pipeline, and have no dropout.
        torch.manual_seed(len(task))
        for slot in slots_of_model(nlp.get_pipe(task).model):  # type: ignore[attr-defined]
            slot.value[...] = 0.5 * torch.randn(slot.shape).numpy()
    return nlp


def views(nlp: Language, task: str) -> List[numpy.ndarray]:
    mtl: Any = nlp.get_pipe("mtl")
    docs = [mtl(nlp.make_doc(text)) for text in TEXTS]
    return [mtl.read_views(task, [doc])[0] for doc in docs if len(doc)]


def assert_near(nlp: Language, other: Language, task: str, tolerance: float = 1e-5) -> None:
    for one, two in zip(views(nlp, task), views(other, task)):
        numpy.testing.assert_allclose(one, two, atol=tolerance)


def train(nlp: Language, n_steps: int = 5) -> None:
    for _ in range(n_steps):
        step(nlp, make_examples(nlp), SGD(0.05, use_averages=False))

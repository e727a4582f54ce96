"""A few steps of a training, and what they have made of the parameters."""

from typing import Any, List, Optional

from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam
from tiny_corpus import make_examples


def step(nlp: Language, examples: List[Example], sgd: Optional[Any] = None) -> Any:
    """One step of all components as in `spacy train`, by default of a new Adam."""
    sgd = Adam(0.01) if sgd is None else sgd
    losses = nlp.update(examples, sgd=False)
    for _, pipe in nlp.pipeline:
        pipe.finish_update(sgd)
    return losses


def train_steps(nlp: Language, n: int = 3, rate: float = 0.01, **kwargs: Any) -> Any:
    """Steps on the tiny corpus, of all components but those that are excluded."""
    sgd = Adam(rate)
    for _ in range(n):
        nlp.update(make_examples(nlp), sgd=False, **kwargs)
        for name, pipe in nlp.pipeline:
            if name not in kwargs.get("exclude", ()):
                pipe.finish_update(sgd)
    return sgd


def parameters(nlp: Language, *names: str) -> bytes:
    """The models of components, to be compared."""
    return b"".join(nlp.get_pipe(name).model.to_bytes() for name in names)

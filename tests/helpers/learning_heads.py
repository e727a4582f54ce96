"""A pipeline of `mtl` and one head on given examples, and its training."""

from typing import Any, List

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam
from tiny_pipelines import add_joint


def build(factory: str, examples: List[Example], nlp: Language, **config: Any) -> Any:
    """Add a joint component and the head 'head', and initialize them on the examples."""
    add_joint(nlp, None)
    nlp.add_pipe(factory, name="head", config=config)
    nlp.initialize(lambda: examples)
    return nlp.get_pipe("head")


def example(nlp: Language, words: str, **gold: Any) -> Example:
    """Create an example from space-separated words and gold for `Example.from_dict`."""
    predicted = Doc(nlp.vocab, words=words.split())
    return Example.from_dict(predicted, {"words": words.split(), **gold})


def learn(nlp: Language, examples: List[Example], n: int = 40) -> None:
    """Update n times on the same batch, each with an optimizer step."""
    sgd = Adam(0.01)
    for _ in range(n):
        nlp.update(examples, sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)

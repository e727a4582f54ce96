"""A pipeline of `mtl` and one head, initialized on the tiny corpus."""

from typing import Any, List, Optional

import spacy
from tiny_corpus import make_examples
from tiny_pipelines import add_joint


def make_head(factory: str, labels: Optional[List[str]] = None, **config: Any) -> Any:
    """Create a head, initialized on the tiny corpus, with its pipeline as `head.pipeline`."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    head: Any = nlp.add_pipe(factory, name="head", config=config)
    if labels is not None:
        nlp.config["initialize"]["components"]["head"] = {"labels": labels}
    nlp.initialize(lambda: make_examples(nlp))
    head.pipeline = nlp
    return head

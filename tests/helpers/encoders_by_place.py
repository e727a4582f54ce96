"""Pipelines by where their encoder is."""

from typing import Any

import spacy
from spacy.language import Language
from tiny_pipelines import HEADS, add_joint, inner

#: Of spaCy in a component before `mtl`, of ours there, of ours inside `mtl`, and a CNN inside.
PLACES = ["stock", "component", "inside", "CNN"]


def build_at(encoder_dir: str, where: str) -> Language:
    """A pipeline of three heads, not initialized.

    where: One of `PLACES`.
    """
    nlp = spacy.blank("en")
    if where == "component":
        model = {"@architectures": "spacy_mtl.TransformerModel.v1", "name": encoder_dir}
        nlp.add_pipe("transformer", config={"model": model})
        nlp.add_pipe("mtl")
    else:
        blocks: Any = {"stock": encoder_dir, "inside": inner(encoder_dir), "CNN": None}
        add_joint(nlp, blocks[where])
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)
    return nlp

"""Pipelines by where their encoder is."""

from typing import Any

import spacy
from spacy.language import Language
from tiny_pipelines import CNN, HEADS, constant, inner

#: Of spaCy in a component before `mtl`, of ours there, of ours inside `mtl`, and a CNN inside.
PLACES = ["stock", "component", "inside", "CNN"]
LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_mean.v1"},
    "upstream": "*",
}


def build_at(encoder_dir: str, where: str, scheme: str = "HardSharing", **config: Any) -> Language:
    """A pipeline of three heads with equal weights, not initialized.

    where: One of `PLACES`.
    scheme: As "spacy_mtl.SCHEME.v1" is registered.
    """
    nlp = spacy.blank("en")
    if where in ("stock", "component"):
        model = {"name": encoder_dir}
        if where == "component":
            model["@architectures"] = "spacy_mtl.TransformerModel.v1"
        nlp.add_pipe("transformer", config={"model": model})
    encoders: Any = {"inside": inner(encoder_dir), "CNN": CNN}
    block = {"@architectures": f"spacy_mtl.{scheme}.v1", "tok2vec": encoders.get(where, LISTENER)}
    nlp.add_pipe("mtl", config={"model": block, "weighting": constant(), **config})
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)
    return nlp

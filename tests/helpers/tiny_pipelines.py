"""Components of tiny joint pipelines, and the blocks of their configs."""

from typing import Any, Dict

import spacy
from spacy.language import Language

HEADS: Dict[str, str] = {"tagger": "mtl_tagger", "ner": "mtl_ner", "textcat": "mtl_textcat"}
#: Also one for several categories per text.
FOUR_HEADS: Dict[str, str] = {**HEADS, "multi": "mtl_textcat_multilabel"}
#: The model of an entity head that learns transitions between classes.
CRF = {
    "@architectures": "spacy_mtl.TokenClassifier.v1",
    "learn_transitions": True,
    "tok2vec": {"@architectures": "spacy_mtl.TaskListener.v1"},
}
CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 1,
    "embed_size": 100,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}


def add_joint(nlp: Language, encoder: Any, **mtl_config: Any) -> None:
    """Add `transformer` and `mtl`, or `mtl` with its own encoder. All weights are 1 by default.

    encoder (Union[None, str, Dict]): A folder for `transformer`, or the block of the
        `tok2vec` of `mtl`. By default a CNN.
    """
    mtl_config = {"weighting": constant(), **mtl_config}
    if isinstance(encoder, str):
        nlp.add_pipe("transformer", config={"model": {"name": encoder}})
        nlp.add_pipe("mtl", config=mtl_config)
    else:
        model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": encoder or CNN}
        nlp.add_pipe("mtl", config={"model": model, **mtl_config})


def inner(encoder_dir: str, **settings: Any) -> Dict[str, Any]:
    """The block of a transformer inside `mtl`."""
    return {"@architectures": "spacy_mtl.TransformerEncoder.v1", "name": encoder_dir, **settings}


def constant(**weights: float) -> Dict[str, Any]:
    """The config of fixed weights."""
    return {"@mtl_weightings": "spacy_mtl.Constant.v1", "weights": weights}


def sourced(source: Language, vocab: Any = True) -> Language:
    """Source the components into another pipeline, which they do not know."""
    nlp = spacy.blank("en", vocab=vocab)
    for name in source.pipe_names:
        nlp.add_pipe(name, source=source)
    return nlp

"""A tiny corpus, tiny pipelines on it, and the gradient of their encoder."""

from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

TEXTS = [
    ("Anna books a room in Berlin .", "NN VBZ DT NN IN NN .", [(0, 1, "PER"), (5, 6, "LOC")], "a"),
    ("the books of New York are old", "DT NNS IN NN NN VBP JJ", [(3, 5, "LOC")], "b"),
    ("Bo runs to Rome and Anna runs home", "NN VBZ IN NN CC NN VBZ RB", [(0, 1, "PER")], "a"),
    ("old runs", "JJ NNS", [], "b"),
]


def make_docs(nlp: Language) -> List[Doc]:
    """Gold documents with tags, entities and categories, two categories in all."""
    docs = []
    for text, tags, ents, cat in TEXTS:
        doc = Doc(nlp.vocab, words=text.split(), tags=tags.split())
        doc.set_ents([Span(doc, *ent) for ent in ents], default="outside")
        doc.cats = {label: float(label == cat) for label in "ab"}
        docs.append(doc)
    return docs


def strip(doc: Doc, keep: str) -> Doc:
    """Copy a gold document with one kind of annotation: 'tag', 'ents', 'cats', or '' for none."""
    words = [token.text for token in doc]
    spaces = [bool(token.whitespace_) for token in doc]
    tags = [token.tag_ for token in doc] if keep == "tag" else None
    copied = Doc(doc.vocab, words=words, spaces=spaces, tags=tags)
    if keep == "ents":
        ents = [Span(copied, e.start, e.end, e.label_) for e in doc.ents]
        copied.set_ents(ents, default="outside")
    if keep == "cats":
        copied.cats = dict(doc.cats)
    return copied


def make_examples(nlp: Language, keep: Optional[str] = None) -> List[Example]:
    """The tiny corpus as examples, with all annotation or one kind only."""
    docs = make_docs(nlp)
    if keep is not None:
        docs = [strip(doc, keep) for doc in docs]
    return [Example(strip(doc, ""), doc) for doc in docs]


HEADS: Dict[str, str] = {"tagger": "mtl_tagger", "ner": "mtl_ner", "textcat": "mtl_textcat"}
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
    """Add `transformer` and `mtl`, or `mtl` with an encoder of its own.

    encoder (Union[None, str, Dict]): A folder for `transformer`, or the block of the
        `tok2vec` of `mtl`. By default a CNN.
    """
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


def encoder_parameters(nlp: Language) -> Iterator[Tuple[numpy.ndarray, Optional[numpy.ndarray]]]:
    """The encoder's parameters and their gradients, as they are in memory."""
    name = "transformer" if "transformer" in nlp.pipe_names else "mtl"
    for node in nlp.get_pipe(name).model.walk():
        for key in node.param_names:
            yield node.get_param(key), node.get_grad(key) if node.has_grad(key) else None
        for shim in node.shims:
            for p in shim._model.parameters():
                yield p.detach().numpy(), None if p.grad is None else p.grad.numpy()


def encoder_values(nlp: Language) -> numpy.ndarray:
    """The values of all parameters of the encoder, flattened."""
    return numpy.concatenate([v.ravel() for v, _ in encoder_parameters(nlp)]).astype("float64")


def encoder_gradient(nlp: Language) -> numpy.ndarray:
    """The gradient of all parameters of the encoder, flattened."""
    rows = [(0 * v if d is None else d).ravel() for v, d in encoder_parameters(nlp)]
    return numpy.concatenate(rows).astype("float64")


def clear_gradient(nlp: Language) -> None:
    """Set the gradient of the encoder to zero, where there is one."""
    for _, gradient in encoder_parameters(nlp):
        if gradient is not None:
            gradient[...] = 0


def sourced(source: Language, vocab: Any = True) -> Language:
    """The same components in a pipeline that they know nothing of."""
    nlp = spacy.blank("en", vocab=vocab)
    for name in source.pipe_names:
        nlp.add_pipe(name, source=source)
    return nlp


def descend(key: Any, weights: Any, gradient: Any) -> Any:
    """An optimizer: plain gradient descent at rate 1."""
    return weights - gradient, gradient * 0


def assert_close(found: numpy.ndarray, expected: numpy.ndarray, tolerance: float = 1e-5) -> None:
    assert numpy.linalg.norm(expected) > 1e-8
    error = numpy.linalg.norm(found - expected) / numpy.linalg.norm(expected)
    assert error < tolerance

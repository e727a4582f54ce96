"""Pipelines with a `transformer` component that has our model or the library's."""

from typing import Any, Dict

import numpy
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import fix_random_seed
from tiny_corpus import make_examples

TEXTS = ["anna books a room", "", "b", " \n ", "two  spaces\n", "the old books of berlin are old"]
OURS = "spacy_mtl.TransformerModel.v1"
THEIRS = "spacy-transformers.TransformerModel.v3"
DOCS = {"@span_getters": "spacy-transformers.doc_spans.v1"}
STRIDED = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 4, "stride": 3}


def make_transformer(
    encoder_dir: str, architecture: str, heads: Any = (), **settings: Any
) -> Language:
    """Build and initialize a pipeline that starts with a `transformer`."""
    nlp = spacy.blank("en")
    model = {"@architectures": architecture, "name": encoder_dir, **settings}
    nlp.add_pipe("transformer", config={"model": model})
    for name, factory in dict(heads).items():
        nlp.add_pipe(factory, name=name)
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def library_transformer(
    encoder_dir: str, spans: Dict[str, Any] = DOCS, **settings: Any
) -> Language:
    """Build the same pipeline with the library's own model."""
    config = {"use_fast": True}
    return make_transformer(
        encoder_dir, THEIRS, get_spans=spans, tokenizer_config=config, **settings
    )


def with_stock_tagger(encoder_dir: str, architecture: str = OURS, **settings: Any) -> Language:
    """Build a pipeline with spaCy's tagger on a transformer."""
    nlp = make_transformer(encoder_dir, architecture, **settings)
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("tagger", config={"model": model})
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def vectors_of(doc: Doc) -> numpy.ndarray:
    """Compute the mean of each token's wordpieces; zeros if there are none."""
    data = doc._.trf_data
    if not len(doc):
        return numpy.zeros((0, 16))
    hidden = data.model_output.last_hidden_state.reshape((-1, 16))
    parts = numpy.split(data.align.data.ravel(), numpy.cumsum(data.align.lengths))[:-1]
    return numpy.stack([hidden[p].mean(0) if len(p) else numpy.zeros(16) for p in parts])

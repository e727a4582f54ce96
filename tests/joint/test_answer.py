"""What heads send back, through listeners of ours or of spaCy's."""

from typing import Callable

import pytest
from stock_models import TAGGER
from thinc.api import Adam
from tiny_corpus import make_examples
from tiny_pipelines import CNN
from training_steps import step

# Heads of this package beside stock ones of the same kind are what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:The heads 'our_.* both set")


def test_plain_tok2vec_listener(make_nlp: Callable) -> None:
    """A Tok2VecListener that names 'mtl' is a task, too."""
    nlp = make_nlp(["ner"], encoder=None, initialize=False)
    listener = {
        "@architectures": "spacy.Tok2VecListener.v1",
        "width": CNN["width"],
        "upstream": "mtl",
    }
    nlp.add_pipe("tagger", config={"model": {**TAGGER, "tok2vec": listener}})
    nlp.initialize(lambda: make_examples(nlp))
    assert nlp.get_pipe("mtl").tasks == ["ner", "tagger"]
    sgd = Adam(0.01)
    for _ in range(40):
        step(nlp, make_examples(nlp), sgd)
    assert nlp.evaluate(make_examples(nlp))["tag_acc"] == 1.0

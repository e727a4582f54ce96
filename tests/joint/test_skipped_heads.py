"""Heads without gold skip their passes, and leave nothing behind that would be there otherwise."""

from typing import Any, Callable, Dict, List

import pytest
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam
from tiny_corpus import make_examples

LISTENER = {"@architectures": "spacy_mtl.TaskListener.v1"}
PARSER = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 16,
    "maxout_pieces": 2,
    "use_upper": True,
    "tok2vec": LISTENER,
}


def with_stock_last(make_nlp: Callable, encoder: Any) -> Language:
    """A head of this package, and spaCy's own entity recognizer, which sends nothing at times."""
    nlp = make_nlp(["tagger"], encoder=encoder, initialize=False)
    nlp.add_pipe("ner", config={"model": PARSER})
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def step(nlp: Language, examples: List[Example], **kwargs: Any) -> Dict[str, float]:
    """An update as in `spacy train`."""
    losses: Dict[str, float] = {}
    nlp.update(examples, sgd=False, losses=losses, **kwargs)
    for name, pipe in nlp.pipeline:
        if name not in kwargs.get("exclude", []):
            pipe.finish_update(Adam(0.01))
    return losses


def listeners_of(nlp: Language) -> List[Any]:
    return [node for nodes in nlp.get_pipe("mtl").listener_map.values() for node in nodes]


def test_optimizer_ends_a_step_of_skips(make_nlp: Callable, encoder: Any) -> None:
    """The batch would stay in memory until the next one, over evaluations too."""
    nlp = with_stock_last(make_nlp, encoder)
    step(nlp, make_examples(nlp, "cats"))
    assert [node.held for node in listeners_of(nlp)] == [None, None]


@pytest.mark.filterwarnings("ignore:The last task of the pipeline")
def test_rehearsal_after_a_step_of_skips(make_nlp: Callable, encoder: Any) -> None:
    """An open step refuses other documents than its own."""
    nlp = with_stock_last(make_nlp, encoder)
    sgd = nlp.resume_training()
    step(nlp, make_examples(nlp, "cats"))
    losses = nlp.rehearse(make_examples(nlp, "")[:2], sgd=sgd)
    assert "ner" in losses

"""Heads without gold skip their passes, and leave nothing behind that would be there otherwise."""

import pickle
from typing import Any, Callable, Dict, List

import pytest
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam
from tiny_corpus import make_examples
from tiny_pipelines import HEADS

from spacy_mtl.parameters import slots_of_model

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


@pytest.mark.filterwarnings("ignore:'mtl' is frozen or disabled")
def test_transformer_keeps_no_batch_for_a_frozen_mtl(make_nlp: Callable, encoder_dir: str) -> None:
    """Nobody calls back, and what it holds can't be pickled."""
    nlp = make_nlp(encoder=encoder_dir)
    step(nlp, make_examples(nlp, ""), exclude=["mtl"])
    assert pickle.loads(pickle.dumps(nlp.get_pipe("mtl"))).tasks == list(HEADS)


@pytest.mark.filterwarnings("ignore:'textcat' was updated after")
def test_task_that_was_left_out_comes_back_without_gold(make_nlp: Callable) -> None:
    """The component goes by who has run, and a head that skips is there again, too."""
    nlp = make_nlp(["tagger", "textcat"], encoder=None)
    mtl = pickle.loads(pickle.dumps(nlp.get_pipe("mtl")))
    mtl.listener_map = {}
    heads = {name: nlp.get_pipe(name) for name in ("tagger", "textcat")}
    for head in heads.values():
        mtl.find_listeners(head)
    assert mtl.nlp is None

    def update(keep: str, *names: str) -> None:
        examples = make_examples(nlp, keep)
        for pipe in (mtl, *(heads[name] for name in names)):
            pipe.update(examples, sgd=None, losses={})

    update("tag", "tagger")
    mtl.finish_update(Adam(0.01))
    update("tag", "tagger", "textcat")
    mtl.finish_update(Adam(0.01))
    for slot in slots_of_model(mtl.model):
        slot.take()
    update("cats", "tagger", "textcat")
    gradients = [slot.gradient() for slot in slots_of_model(mtl.model)]
    assert any(gradient is not None and gradient.any() for gradient in gradients)

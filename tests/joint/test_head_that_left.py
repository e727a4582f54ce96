"""Heads that are no tasks any more, in the middle of a training."""

from typing import Any, Callable, Dict

from thinc.api import Adam
from tiny_corpus import make_examples

FAMO = {"@mtl_weightings": "spacy_mtl.FAMO.v1", "learn_rate": 0.025, "recompute": True}


def test_losses_again_of_a_head_with_an_encoder_of_its_own(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None, weighting=FAMO)
    told = []
    weighting: Any = nlp.get_pipe("mtl").weighting
    observe = weighting.observe
    weighting.observe = lambda losses: (told.append(set(losses)), observe(losses))
    for _ in range(2):
        losses: Dict[str, float] = {}
        nlp.update(make_examples(nlp), sgd=False, losses=losses)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(Adam(0.01))
        if "ner" in nlp.get_pipe("mtl").tasks:
            nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    assert nlp.get_pipe("mtl").tasks == ["tagger", "textcat"]
    assert told == [{"tagger", "ner", "textcat"}]
    assert losses["mtl"] > 0


def test_joint_component_is_bound_while_disabled(make_nlp: Callable) -> None:
    """spaCy links enabled components only, so that it still knows a head that was removed."""
    nlp = make_nlp(["tagger", "ner"], encoder=None)
    mtl = nlp.get_pipe("mtl")
    with nlp.select_pipes(disable=["mtl"]):
        nlp.remove_pipe("tagger")
        mtl.bind(nlp)
    assert "ner" in mtl.tasks
    losses: Dict[str, float] = {}
    nlp.update(make_examples(nlp), sgd=False, losses=losses)
    assert losses["ner"] > 0

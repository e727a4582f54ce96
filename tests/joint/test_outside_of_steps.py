"""Heads that train on a frozen encoder, annotate while others train, or rehearse."""

from pathlib import Path
from typing import Any, Callable

import numpy
import pytest
import spacy
from encoder_gradients import encoder_values
from spacy.language import Language
from tiny_corpus import make_examples
from tiny_pipelines import HEADS
from training_steps import parameters, train_steps


def test_heads_train_on_a_frozen_encoder(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    frozen = [name for name in ("transformer", "mtl") if name in nlp.pipe_names]
    nlp.config["training"]["frozen_components"] = frozen
    before, head_before = encoder_values(nlp), parameters(nlp, "ner")
    train_steps(nlp, exclude=frozen, annotates=frozen)
    assert numpy.array_equal(encoder_values(nlp), before)
    assert parameters(nlp, "ner") != head_before


def test_heads_train_on_a_frozen_encoder_that_does_not_annotate(
    make_nlp: Callable, encoder: Any
) -> None:
    nlp = make_nlp(encoder=encoder)
    frozen = [name for name in ("transformer", "mtl") if name in nlp.pipe_names]
    before, head_before = encoder_values(nlp), parameters(nlp, "ner")
    train_steps(nlp, exclude=frozen)
    assert numpy.array_equal(encoder_values(nlp), before)
    assert parameters(nlp, "ner") != head_before


def test_frozen_encoder_in_a_pipeline_that_was_never_updated(
    make_nlp: Callable, encoder: Any, tmp_path: Path
) -> None:
    make_nlp(encoder=encoder).to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    frozen = [name for name in ("transformer", "mtl") if name in nlp.pipe_names]
    before = parameters(nlp, "ner")
    train_steps(nlp, 1, exclude=frozen, annotates=frozen)
    assert parameters(nlp, "ner") != before


def test_annotating_head(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    names = [name for name in ("transformer", "mtl", "tagger") if name in nlp.pipe_names]
    train_steps(nlp, annotates=names)
    with pytest.raises(ValueError, match="annotating_components"):
        train_steps(nlp, annotates=["tagger"])


def test_mtl_annotates_but_encoder_does_not(make_nlp: Callable) -> None:
    nlp = make_nlp()
    with pytest.raises(ValueError, match="annotating_components"):
        train_steps(nlp, annotates=["mtl"])


def test_rehearse(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp, 1)
    sgd = nlp.resume_training()
    before = [encoder_values(nlp), parameters(nlp, *HEADS)]
    # Heads of this package have nothing to rehearse, and do not mind.
    assert nlp.rehearse(make_examples(nlp), sgd=sgd) == {}
    assert numpy.array_equal(encoder_values(nlp), before[0])
    assert parameters(nlp, *HEADS) == before[1]
    losses = nlp.update(make_examples(nlp), sgd=sgd)
    assert all(losses[task] > 0 for task in HEADS)


def test_rehearse_with_stock_heads(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(["ner"], encoder=encoder, initialize=False)
    listener = {"@architectures": "spacy_mtl.TaskListener.v1"}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("tagger", config={"model": model})
    nlp.initialize(lambda: make_examples(nlp))
    rehearse_between_steps(nlp, "tagger")


def rehearse_between_steps(nlp: Language, stock: str) -> None:
    """Rehearse a stock head. The encoder takes no part in that, but goes on learning."""
    train_steps(nlp, 1)
    sgd = nlp.resume_training()
    before = encoder_values(nlp)
    losses = nlp.rehearse(make_examples(nlp), sgd=sgd)
    assert list(losses) == [stock]
    assert numpy.isfinite(losses[stock])
    assert numpy.array_equal(encoder_values(nlp), before)
    train_steps(nlp, 1)
    assert not numpy.array_equal(encoder_values(nlp), before)


def test_rehearse_with_a_stock_parser(make_nlp: Callable, encoder: Any) -> None:
    """It asks the copy of its model, and that without training, before its own."""
    nlp = make_nlp(["tagger"], encoder=encoder, initialize=False)
    model = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 8,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": {"@architectures": "spacy_mtl.TaskListener.v1"},
    }
    nlp.add_pipe("ner", config={"model": model})
    nlp.initialize(lambda: make_examples(nlp))
    rehearse_between_steps(nlp, "ner")

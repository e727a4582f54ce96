"""Steps that close late, and optimizers that step late: no gradient is lost."""

import warnings
from typing import Any, Callable

import numpy
import pytest
from encoder_gradients import (
    assert_close,
    descend,
    encoder_gradient,
    encoder_values,
)
from joint_gradients import assert_moved, gold, gradient_of
from spacy.training import Example
from tiny_corpus import make_examples
from tiny_pipelines import HEADS


def _no_warning() -> Any:
    return warnings.catch_warnings()


def test_last_task_excluded_by_hand(make_nlp: Callable, encoder: Any) -> None:
    """mtl cannot know of it: the step closes at finish_update, nothing is lost."""
    nlp = make_nlp(encoder=encoder)
    expected = gradient_of(nlp, gold(nlp, "tagger", "ner"))
    before = encoder_values(nlp)
    with (
        pytest.warns(UserWarning, match="one step later")
        if isinstance(encoder, str)
        else _no_warning()
    ):
        gradient_of(nlp, gold(nlp, *HEADS), exclude=["textcat"])
        nlp.get_pipe("mtl").finish_update(descend)
        if isinstance(encoder, str):
            nlp.get_pipe("transformer").finish_update(descend)
    assert_moved(nlp, before, expected)


def test_late_step_uses_its_own_callback(make_nlp: Callable, encoder_dir: str) -> None:
    """A step that stays open is closed by the next update, with its own batch's graph."""
    nlp = make_nlp()
    first, second = gold(nlp, *HEADS)[:2], gold(nlp, *HEADS)[2:]
    expected = gradient_of(nlp, gold(nlp, "tagger", "ner")[:2]) + gradient_of(nlp, second)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gradient_of(nlp, first, exclude=["textcat"])
        nlp.update(second, sgd=False)
    assert_close(encoder_gradient(nlp), expected)


def test_two_updates_before_finish(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    examples = gold(nlp, *HEADS)
    expected = gradient_of(nlp, examples[:2]) + gradient_of(nlp, examples[2:])
    gradient_of(nlp, examples[:2])
    nlp.update(examples[2:], sgd=False)
    assert_close(encoder_gradient(nlp), expected)


def test_accumulated_gradients(make_nlp: Callable, encoder: Any) -> None:
    """accumulate_gradient = 3: each sub-batch is a step of its own, the optimizer runs once."""
    nlp = make_nlp(encoder=encoder)
    examples = gold(nlp, *HEADS)
    parts = [examples[:1], examples[1:2], examples[2:]]
    expected = sum(gradient_of(nlp, part) for part in parts)
    before = encoder_values(nlp)
    gradient_of(nlp, parts[0])
    for part in parts[1:]:
        nlp.update(part, sgd=False)
    for _, pipe in nlp.pipeline:
        pipe.finish_update(descend)
    assert_moved(nlp, before, expected)


def test_optimizer_in_update(make_nlp: Callable, encoder: Any) -> None:
    """nlp.update(sgd=...) steps the encoder one batch late, as in stock spaCy, and in full."""
    nlp = make_nlp(encoder=encoder)
    expected = gradient_of(nlp, gold(nlp, *HEADS))
    before = encoder_values(nlp)
    gradient_of(nlp, [])
    nlp.update(gold(nlp, *HEADS), sgd=descend)
    assert numpy.array_equal(encoder_values(nlp), before)
    nlp.update([Example(nlp.make_doc(""), nlp.make_doc(""))], sgd=descend)
    assert_moved(nlp, before, expected)


def test_answer_after_closing(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    nlp.update(make_examples(nlp), sgd=False)
    step = nlp.get_pipe("mtl")._steps.last
    with pytest.raises(ValueError, match="'ner' sent a gradient for a joint step that has already"):
        step.take_gradient("ner", 0, [])

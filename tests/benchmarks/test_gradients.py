"""Norms of the tasks' gradients during a training."""

from typing import Any

import numpy
import pytest
from encoder_gradients import encoder_gradient
from short_training import values
from tiny_corpus import make_examples


def test_norms_of_each_task_alone(benchmark_module: Any, make_nlp: Any) -> None:
    """Measuring trains nothing, and restores the weighting."""
    nlp = make_nlp()
    mtl = nlp.get_pipe("mtl")
    weighting, before = mtl.weighting, values(nlp)
    examples = make_examples(nlp)
    norms = benchmark_module("gradients").task_norms(nlp, mtl.tasks, examples)
    assert list(norms) == ["tagger", "ner", "textcat"]
    assert mtl.weighting is weighting
    after = values(nlp)
    assert all(numpy.array_equal(before[name], after[name]) for name in before)
    assert not encoder_gradient(nlp).any()
    with nlp.select_pipes(enable=["transformer", "mtl", "ner"]):
        nlp.update(examples, sgd=False)
    expected = float((encoder_gradient(nlp) ** 2).sum() ** 0.5)
    at_representation, at_parameters = norms["ner"]
    assert at_representation > 0
    assert at_parameters == pytest.approx(expected, rel=1e-5)

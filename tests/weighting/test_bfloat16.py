"""Every weighting trains an encoder that computes in bfloat16."""

from typing import Any

import numpy
import pytest
from encoder_gradients import encoder_values
from joint_gradients import gradient_of
from methods import NAMES, block
from tiny_corpus import make_examples
from tiny_pipelines import inner
from weighted_training import level_of


@pytest.mark.parametrize("name", NAMES)
def test_gradient_is_finite_and_close_to_that_of_float32(
    name: str, make_nlp: Any, encoder_dir: str
) -> None:
    gradients, values = {}, {}
    for precision in ("fp32", "bf16"):
        encoder = inner(encoder_dir, precision=precision)
        nlp = make_nlp(encoder=encoder, weighting=block(name), gradients=level_of(name))
        gradients[precision] = gradient_of(nlp, make_examples(nlp))
        values[precision] = encoder_values(nlp)
    exact, rough = gradients["fp32"], gradients["bf16"]
    # The pipelines start alike, and one does compute in bfloat16.
    assert numpy.array_equal(*values.values())
    assert not numpy.array_equal(exact, rough)
    assert numpy.isfinite(rough).all()
    error = numpy.linalg.norm(rough - exact) / numpy.linalg.norm(exact)
    assert error < 1e-3

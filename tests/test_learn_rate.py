"""A separate learning rate for the layers of a head, or of a sharing scheme."""

from typing import Any, Callable

import numpy
import pytest
from scheme_pipelines import build, sharing_of
from schemes import Row
from thinc.api import RAdam
from tiny_corpus import make_examples
from training_steps import train_steps


def test_learn_rate_scale(make_nlp: Callable) -> None:
    def moved(scale: float) -> float:
        nlp = make_nlp(["ner"], encoder=None)
        head = nlp.get_pipe("ner")
        head.learn_rate_scale = scale
        output = head.model.get_ref("output_layer")
        before = output.get_param("W").copy()
        train_steps(nlp, 1, rate=0.001)
        return float(numpy.abs(output.get_param("W") - before).max())

    assert moved(10.0) == pytest.approx(10 * moved(1.0), rel=1e-2)


def test_learn_rate_scale_spares_an_encoder_of_its_own(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    head = nlp.get_pipe("ner")
    head.learn_rate_scale = 10.0
    seen = {}

    def sgd(key: Any, weights: Any, gradient: Any, *, lr_scale: float = 1.0) -> Any:
        seen[key] = lr_scale
        return weights, gradient

    nlp.update(make_examples(nlp), sgd=False)
    head.finish_update(sgd)
    encoder_ids = {node.id for node in head.model.get_ref("tok2vec").walk()}
    assert {scale for key, scale in seen.items() if key[0] in encoder_ids} == {1.0}
    assert {scale for key, scale in seen.items() if key[0] not in encoder_ids} == {10.0}


def test_learn_rate_scale_needs_adam(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    nlp.get_pipe("ner").learn_rate_scale = 10.0
    nlp.update(make_examples(nlp), sgd=False)
    with pytest.raises(ValueError, match="RAdam"):
        nlp.get_pipe("ner").finish_update(RAdam(0.001))


def test_learn_rate_scale_of_a_scheme() -> None:
    seen = {}

    def sgd(key: Any, weights: Any, gradient: Any, *, lr_scale: float = 1.0) -> Any:
        seen[key] = lr_scale
        return weights, gradient

    nlp = build(Row("TaskAttention"), learn_rate_scale=10.0)
    nlp.update(make_examples(nlp), sgd=False)
    nlp.get_pipe("mtl").finish_update(sgd)  # type: ignore[attr-defined]
    own = sharing_of(nlp).shims[0].id
    assert {scale for key, scale in seen.items() if key[0] == own} == {10.0}
    assert {scale for key, scale in seen.items() if key[0] != own} == {1.0}
    nlp.update(make_examples(nlp), sgd=False)
    with pytest.raises(ValueError, match=r"'learn_rate_scale' of the component 'mtl' is 10.0"):
        nlp.get_pipe("mtl").finish_update(RAdam(0.001))  # type: ignore[attr-defined]


def test_learn_rate_scale_without_layers_does_not_matter(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None, learn_rate_scale=10.0)
    nlp.update(make_examples(nlp), sgd=False)
    nlp.get_pipe("mtl").finish_update(RAdam(0.001))


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_learn_rate_scale_must_be_positive(make_nlp: Callable, scale: float) -> None:
    with pytest.raises(ValueError, match="'learn_rate_scale' of the component 'mtl' is"):
        make_nlp(["ner"], encoder=None, learn_rate_scale=scale)

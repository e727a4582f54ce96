"""Scores that aren't finite: the message names the source."""

from typing import Any, Callable

import numpy
import pytest
import torch
from thinc.api import Linear, Model, PyTorchWrapper, chain

from spacy_mtl.heads.finite import check_finite


def scorer(*layers: Model) -> Model:
    """Build a model with its own one-layer encoder."""
    encoder = Linear(3, 3)
    encoder.name = "encoder"
    model = chain(encoder, *layers)
    model.set_ref("tok2vec", encoder)
    model.initialize(X=numpy.zeros((1, 3), dtype="float32"))
    return model


NAN: Any = numpy.full((2, 3), numpy.nan, dtype="float32")


def broken_thinc() -> Model:
    model = scorer(Linear(3, 3))
    model.layers[1].get_param("b")[0] = numpy.inf
    return model


def broken_torch() -> Model:
    module = torch.nn.Linear(3, 3)
    model = scorer(PyTorchWrapper(module))
    # A dtype that numpy doesn't have.
    module.to(torch.bfloat16)
    with torch.no_grad():
        module.weight[0, 0] = numpy.nan
    return model


def broken_encoder() -> Model:
    model = scorer(Linear(3, 3), PyTorchWrapper(torch.nn.Linear(3, 3)))
    model.layers[0].get_param("W")[0] = numpy.nan
    return model


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (broken_thinc, "the array 'b' of its layer 'linear' is not finite: the pipeline is damag"),
        (broken_torch, "'weight' of the network in its layer 'pytorch' is not finite"),
        (broken_encoder, "the arrays of 'head' are finite, so the output of its encoder is not"),
    ],
)
def test_message_names_the_source(make: Callable[[], Model], why: str) -> None:
    model = make()
    for scores in (NAN, [NAN[:1], NAN[1:]]):
        with pytest.raises(ValueError, match="'head' got scores that are NaN or inf") as err:
            check_finite(scores, model, "head")
        assert why in str(err.value)


def test_finite_scores_pass() -> None:
    """Even with broken arrays, which aren't checked."""
    model = broken_thinc()
    assert check_finite(numpy.zeros((2, 3), dtype="float32"), model, "head") is None
    assert check_finite([], scorer(Linear(3, 3)), "head") is None


def test_a_model_without_its_own_encoder() -> None:
    model: Model = Linear(3, 3).initialize()
    model.get_param("W")[0] = numpy.nan
    with pytest.raises(ValueError, match="the array 'W' of its layer 'linear'"):
        check_finite(NAN, model, "head")

"""The fused step against thinc's own."""

import numpy
import pytest
from thinc.api import Adam, Optimizer, RAdam

from spacy_mtl.adam import fused_step

SETTINGS = [
    {},
    {"L2": 0.1, "L2_is_weight_decay": True},
    {"L2": 0.1, "L2_is_weight_decay": False},
    {"grad_clip": 0.01},
    {"grad_clip": 0.0, "beta1": 0.5, "beta2": 0.9, "eps": 1e-3},
    {"use_averages": True, "L2": 0.1, "L2_is_weight_decay": True},
]
KEYS = [(1, "W"), (2, "b")]


def make_adam(**settings):
    return Adam(0.01, **{"grad_clip": 1.0, "use_averages": False, **settings})


def train(steps, seed=0):
    """Update two parameters with each of some steps in turn."""
    random = numpy.random.default_rng(seed)
    found = [random.normal(size=shape).astype("float32") for shape in ((7, 5), (3,))]
    for step, lr_scale in steps:
        for key, weights in zip(KEYS, found):
            gradient = random.normal(size=weights.shape).astype("float32")
            step(key, weights, gradient, lr_scale=lr_scale)
            assert not gradient.any()
    return found


@pytest.mark.parametrize("settings", SETTINGS)
def test_it_does_what_thinc_does(settings):
    ours, theirs = make_adam(**settings), make_adam(**settings)
    scales = [1.0, 5.0, 1.0, 0.1]
    found = train([(fused_step(ours), scale) for scale in scales])
    expected = train([(theirs, scale) for scale in scales])
    for one, other in zip(found, expected):
        numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    for name in ("mom1", "mom2", "averages"):
        states = [getattr(optimizer, name) or {} for optimizer in (ours, theirs)]
        assert set(states[0]) == set(states[1]), name
        for key in states[0]:
            numpy.testing.assert_allclose(states[0][key], states[1][key], rtol=1e-5, atol=1e-6)
    assert ours.nr_update == theirs.nr_update == dict.fromkeys(KEYS, 4)


def test_either_goes_on_where_the_other_stopped():
    mixed, plain = make_adam(), make_adam()
    fused = fused_step(mixed)
    found = train([(fused, 1.0), (mixed, 1.0), (mixed, 1.0), (fused, 1.0)])
    for one, other in zip(found, train([(plain, 1.0)] * 4)):
        numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_other_optimizers_are_left_alone():
    class Mine(Optimizer):
        pass

    def function(key, weights, gradient, lr_scale=1.0):
        return weights, gradient

    for optimizer in (RAdam(0.01), Mine(0.01), make_adam(beta1=0.0, beta2=0.0), function):
        assert fused_step(optimizer) is optimizer


@pytest.mark.parametrize(
    "weights",
    [numpy.ones((3, 4), "float64"), numpy.ones((4, 3), "float32").T, numpy.ones((0, 2), "float32")],
    ids=["float64", "transposed", "empty"],
)
def test_other_arrays_are_left_to_thinc(weights, monkeypatch):
    calls = []
    step = fused_step(make_adam())
    monkeypatch.setattr(Optimizer, "__call__", lambda self, *args, **kwargs: calls.append(kwargs))
    step(KEYS[0], weights, numpy.ones_like(weights), lr_scale=2.0)
    assert calls == [{"lr_scale": 2.0}]

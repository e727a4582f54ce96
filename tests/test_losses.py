"""Losses against finite differences, torch, and the rules for missing annotation."""

from typing import Any

import numpy
import pytest
from finite_differences import numeric_gradient

from spacy_mtl.losses import (
    MISSING,
    sigmoid,
    sigmoid_cross_entropy,
    soft_cross_entropy,
    softmax,
    softmax_cross_entropy,
)


@pytest.fixture
def logits() -> numpy.ndarray:
    return numpy.random.default_rng(0).normal(size=(6, 4))


LABELS = numpy.asarray([0, MISSING, 3, 2, MISSING, 1])
CLASS_WEIGHTS = numpy.asarray([1.0, 0.5, 3.0, 0.0])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("class_weights", [None, CLASS_WEIGHTS])
def test_softmax_gradient(logits: numpy.ndarray, smoothing: float, class_weights: Any) -> None:
    settings = {"label_smoothing": smoothing, "class_weights": class_weights}
    found = softmax_cross_entropy(logits, LABELS, **settings)
    expected = numeric_gradient(
        lambda x: softmax_cross_entropy(x, LABELS, **settings).value, logits
    )
    assert numpy.allclose(found.gradient, expected, atol=1e-8)
    assert not found.gradient[LABELS == MISSING].any()
    assert found.n_units == 4


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_softmax_value_equals_torch(logits: numpy.ndarray, smoothing: float) -> None:
    import torch

    loss = torch.nn.CrossEntropyLoss(ignore_index=MISSING, label_smoothing=smoothing)
    expected = loss(torch.from_numpy(logits), torch.from_numpy(LABELS)).item()
    found = softmax_cross_entropy(logits, LABELS, label_smoothing=smoothing)
    assert found.value == pytest.approx(expected)


def test_soft_gradient(logits: numpy.ndarray) -> None:
    targets = softmax(numpy.random.default_rng(1).normal(size=logits.shape))
    targets[2] = numpy.nan
    # As rounding may leave them.
    targets[3] *= 1.1
    found = soft_cross_entropy(logits, targets)
    expected = numeric_gradient(lambda x: soft_cross_entropy(x, targets).value, logits)
    assert numpy.allclose(found.gradient, expected, atol=1e-8)
    assert not found.gradient[2].any()
    assert found.n_units == 5
    targets[:] = numpy.nan
    none = soft_cross_entropy(logits, targets)
    assert (none.value, none.n_units, none.gradient.any()) == (0.0, 0, False)


def test_soft_value_equals_torch(logits: numpy.ndarray) -> None:
    import torch

    targets = softmax(numpy.random.default_rng(1).normal(size=logits.shape))
    loss = torch.nn.CrossEntropyLoss()
    expected = loss(torch.from_numpy(logits), torch.from_numpy(targets)).item()
    assert soft_cross_entropy(logits, targets).value == pytest.approx(expected)


@pytest.mark.parametrize("class_weights", [None, CLASS_WEIGHTS])
def test_sigmoid_gradient(logits: numpy.ndarray, class_weights: Any) -> None:
    targets = numpy.random.default_rng(1).integers(0, 2, size=logits.shape).astype("float64")
    targets[0, 1] = targets[2, :] = numpy.nan
    found = sigmoid_cross_entropy(logits, targets, class_weights=class_weights)
    expected = numeric_gradient(
        lambda x: sigmoid_cross_entropy(x, targets, class_weights=class_weights).value, logits
    )
    assert numpy.allclose(found.gradient, expected, atol=1e-8)
    assert not found.gradient[numpy.isnan(targets)].any()
    assert found.n_units == 19


def test_sigmoid_value_equals_torch(logits: numpy.ndarray) -> None:
    import torch

    targets = numpy.random.default_rng(1).uniform(size=logits.shape)
    loss = torch.nn.BCEWithLogitsLoss()
    expected = loss(torch.from_numpy(logits), torch.from_numpy(targets)).item()
    assert sigmoid_cross_entropy(logits, targets).value == pytest.approx(expected)


def test_nothing_annotated(logits: numpy.ndarray) -> None:
    nothing = softmax_cross_entropy(logits, numpy.full(6, MISSING))
    assert (nothing.value, nothing.n_units, nothing.gradient.any()) == (0.0, 0, False)
    nothing = sigmoid_cross_entropy(logits, numpy.full_like(logits, numpy.nan))
    assert (nothing.value, nothing.n_units, nothing.gradient.any()) == (0.0, 0, False)


def test_mean_does_not_grow_with_the_batch(logits: numpy.ndarray) -> None:
    once = softmax_cross_entropy(logits, LABELS)
    twice = softmax_cross_entropy(numpy.tile(logits, (2, 1)), numpy.tile(LABELS, 2))
    assert twice.value == pytest.approx(once.value)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3, 1e5])
def test_large_scores(scale: float) -> None:
    logits = numpy.asarray([[scale, -scale], [-scale, scale]], dtype="float32")
    for found in (
        softmax_cross_entropy(logits, numpy.asarray([1, 1])),
        sigmoid_cross_entropy(logits, numpy.asarray([[0.0, 1.0], [1.0, 0.0]])),
    ):
        assert numpy.isfinite(found.value)
        assert numpy.isfinite(found.gradient).all()
    assert numpy.allclose(softmax(logits).sum(axis=1), 1.0)
    assert ((sigmoid(logits) >= 0) & (sigmoid(logits) <= 1)).all()

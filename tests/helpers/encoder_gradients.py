"""Values and gradients of a pipeline's encoder, to compare them."""

from typing import Any, Iterator, Optional, Tuple

import numpy
from spacy.language import Language


def encoder_parameters(nlp: Language) -> Iterator[Tuple[numpy.ndarray, Optional[numpy.ndarray]]]:
    """Yield the encoder's parameters and their gradients, as they are in memory."""
    name = "transformer" if "transformer" in nlp.pipe_names else "mtl"
    for node in nlp.get_pipe(name).model.walk():
        for key in node.param_names:
            yield node.get_param(key), node.get_grad(key) if node.has_grad(key) else None
        for shim in node.shims:
            for p in shim._model.parameters():
                yield p.detach().numpy(), None if p.grad is None else p.grad.numpy()


def encoder_values(nlp: Language) -> numpy.ndarray:
    """Get the values of all parameters of the encoder, flattened."""
    return numpy.concatenate([v.ravel() for v, _ in encoder_parameters(nlp)]).astype("float64")


def encoder_gradient(nlp: Language) -> numpy.ndarray:
    """Get the gradient of all parameters of the encoder, flattened."""
    rows = [(0 * v if d is None else d).ravel() for v, d in encoder_parameters(nlp)]
    return numpy.concatenate(rows).astype("float64")


def clear_gradient(nlp: Language) -> None:
    """Set the encoder's gradients to zero, where they exist."""
    for _, gradient in encoder_parameters(nlp):
        if gradient is not None:
            gradient[...] = 0


def descend(key: Any, weights: Any, gradient: Any) -> Any:
    """Do a step of plain gradient descent with learning rate 1."""
    return weights - gradient, gradient * 0


def assert_close(found: numpy.ndarray, expected: numpy.ndarray, tolerance: float = 1e-5) -> None:
    assert numpy.linalg.norm(expected) > 1e-8
    error = numpy.linalg.norm(found - expected) / numpy.linalg.norm(expected)
    assert error < tolerance


def assert_rounded(found: Any, expected: Any, name: str = "") -> None:
    """Both are sums in float32, whose rounding grows with their size."""
    tolerance = 2e-6 * max(1.0, float(abs(expected).max()))
    numpy.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, err_msg=name)

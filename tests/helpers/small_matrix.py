"""Small gradient matrices of two and three tasks, and the weights that methods give them."""

from typing import Any, Dict, Sequence

import numpy

# Two tasks in conflict: cosine -0.6, lengths 1 and 2. The third is orthogonal to both.
# G = [[1, -1.2, 0], [-1.2, 4, 0], [0, 0, 0.25]].
THREE_ROWS = numpy.asarray([[1.0, 0, 0], [-1.2, 1.6, 0], [0, 0, 0.5]], dtype="float64")
THREE_LOSSES = {"a": 1.0, "b": 0.5, "c": 2.0}

# Two orthogonal tasks.
TWO_ROWS = numpy.eye(2, dtype="float32")
TWO_LOSSES = {"a": 1.0, "b": 2.0}


def normalized(weights: Sequence[float], total: float = 3.0) -> numpy.ndarray:
    """Weights scaled so that their absolute values add up to a total."""
    found = numpy.asarray(weights, dtype="float64")
    return found * (total / numpy.abs(found).sum())


def weights_of(
    weighting: Any, losses: Dict[str, float] = THREE_LOSSES, rows: Any = THREE_ROWS
) -> numpy.ndarray:
    """The effective weights, after checking that they give the gradient."""
    combined = weighting(losses, rows)
    found = numpy.asarray([combined.weights[task] for task in losses])
    assert list(combined.weights) == list(losses)
    assert numpy.allclose(combined.gradient, found @ rows, rtol=1e-9, atol=0)
    return found

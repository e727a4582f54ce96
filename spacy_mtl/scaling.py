"""Scale gradients of any size to a size that solvers can handle.

Losses are means, so their gradients at the shared representation are small: norms of 1e-3
and less, Gramians of 1e-6. Solvers have absolute thresholds (torchjd's: 1e-4 for the trace
of the Gramian) below which they silently give up.
"""

from typing import Any, List, Tuple

import numpy
from thinc.api import get_array_module, to_numpy
from thinc.types import Floats1d, Floats2d

# The number of values of a row to multiply at once, in double precision.
_CHUNK = 2**18


def peaks(rows: Floats2d) -> List[float]:
    """Find the largest absolute value of each row.

    rows (Floats2d): One gradient per task. Shape: (n_tasks, n_values).
    RETURNS (List[float]): The values; 0.0 for a row of zeros, NaN for a row with a NaN.
    """
    xp = get_array_module(rows)
    return xp.maximum(rows.max(axis=1), -rows.min(axis=1)).tolist()


def products(rows: Floats2d) -> numpy.ndarray:
    """Multiply all rows with each other, in double precision: squares overflow single.

    rows (Floats2d): Shape: (n_tasks, n_values).
    RETURNS (ndarray): The products, on the CPU; waits for a GPU once. Shape: (n_tasks, n_tasks).
    """
    xp = get_array_module(rows)
    total: Any = xp.zeros((rows.shape[0], rows.shape[0]), dtype="float64")
    for start in range(0, rows.shape[1], _CHUNK):
        part = rows[:, start : start + _CHUNK].astype("float64")
        total += part @ part.T
    return to_numpy(total)


def gramian(rows: Floats2d) -> Tuple[numpy.ndarray, int]:
    """Multiply all rows with each other, and divide by a power of four.

    The trace is then in [1, 4), the norm of the rows in [1, 2): the rows are in effect
    divided by a power of two, which is exact. Anything below the rounding error of the
    values is removed, so that linearly dependent rows are exactly dependent.

    rows (Floats2d): One gradient per task, at least one of them not zero.
        Shape: (n_tasks, n_values).
    RETURNS (Tuple[ndarray, int]): The Gramian, positive semi-definite, in double precision, on
        the CPU; and the power of two it was divided by. Shape: (n_tasks, n_tasks).
    """
    found, exponent = shrink(products(rows))
    return cut_noise(found, float(numpy.finfo(rows.dtype).eps)), exponent


def shrink(gram: numpy.ndarray) -> Tuple[numpy.ndarray, int]:
    """Divide a Gramian by a power of four, so that its trace is in [1, 4).

    gram (ndarray): Not all zeros. Shape: (n_tasks, n_tasks).
    RETURNS (Tuple[ndarray, int]): The Gramian, and the power of two it was divided by.
    """
    exponent = 2 * (int(numpy.frexp(numpy.sqrt(numpy.trace(gram)))[1]) - 1)
    return numpy.ldexp(gram, -exponent), exponent


def cut_noise(gram: numpy.ndarray, eps: float) -> numpy.ndarray:
    """Remove what rounding errors add to the rank of a Gramian.

    gram (ndarray): A Gramian without rows of zeros. Shape: (n_tasks, n_tasks).
    eps (float): The relative precision of the rows.
    RETURNS (ndarray): The Gramian, or that of the nearest rows of lower rank.
    """
    # Rounding errors are relative to a row's own length, so use the cosines.
    cosines, norms = split(gram)
    units = root(cosines, eps)
    if units.shape[1] == len(gram):
        return gram
    return units @ units.T * numpy.outer(norms, norms)


def split(gram: numpy.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """Split a Gramian into cosines and lengths.

    gram (ndarray): A Gramian without rows of zeros. Shape: (n_tasks, n_tasks).
    RETURNS (Tuple[ndarray, ndarray]): Shapes: (n_tasks, n_tasks) and (n_tasks,).
    """
    norms = numpy.sqrt(numpy.diag(gram))
    return gram / numpy.outer(norms, norms), norms


def root(cosines: numpy.ndarray, eps: float = 0.0) -> numpy.ndarray:
    """Find rows with a given Gramian, no longer than its rank.

    cosines (ndarray): The Gramian of unit rows. Shape: (n_tasks, n_tasks).
    eps (float): The relative precision of the original rows.
    RETURNS (ndarray): One row per task. Shape: (n_tasks, rank).
    """
    values, vectors = numpy.linalg.eigh(cosines)
    floor = len(cosines) * max(eps**2, numpy.finfo("float64").eps) * values[-1]
    kept = values > floor
    return vectors[:, kept] * numpy.sqrt(values[kept])


def lengths(rows: Floats2d) -> numpy.ndarray:
    """Measure the relative lengths of rows.

    rows (Floats2d): The rows, none of them zero. Shape: (n_tasks, n_values).
    RETURNS (ndarray): Their norms, divided by the same power of two. Shape: (n_tasks,).
    """
    return split(gramian(rows)[0])[1]


def combine(weights: numpy.ndarray, rows: Floats2d) -> Floats1d:
    """Add up weighted rows.

    weights (ndarray): Shape: (n_tasks,).
    rows (Floats2d): Shape: (n_tasks, n_values).
    RETURNS (Floats1d): The sum, in the precision of the rows. Shape: (n_values,).
    """
    xp = get_array_module(rows)
    return xp.asarray(weights, dtype=rows.dtype) @ rows

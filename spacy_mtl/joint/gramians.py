"""The Gramian of the tasks' gradients at the parameters, measured now and then."""

from dataclasses import dataclass
from typing import Any, Dict, Sequence, Tuple, Union

import numpy

#: How much of an average stays when a measurement is added.
DECAY = 0.9
#: The value of 'every' with which the number of tasks decides.
AUTO = "auto"


def steps_between(every: Union[int, str], n_tasks: int) -> int:
    """Find out after how many steps to measure again.

    every (Union[int, str]): The value in the config. With "auto", the passes of a measurement
        are about 5 % of the passes of all steps.
    n_tasks (int): The number of tasks in the batch.
    RETURNS (int): The number of steps, at least 1.
    """
    return max(20, 14 * (n_tasks - 1)) if every == AUTO else int(every)


@dataclass
class Average:
    """Averages over the measurements of a pair of tasks (or of one task with itself).

    product (float): The product of both gradients.
    squares (Tuple[float, float]): The square of each gradient's norm, in the same measurements.
    share (float): The sum of the weights of all measurements, by which to divide.
    """

    product: float = 0.0
    squares: Tuple[float, float] = (0.0, 0.0)
    share: float = 0.0

    def add(self, product: float, first: float, second: float) -> None:
        """Add a measurement."""
        a, b = self.squares
        self.product = DECAY * self.product + (1 - DECAY) * product
        self.squares = (DECAY * a + (1 - DECAY) * first, DECAY * b + (1 - DECAY) * second)
        self.share = DECAY * self.share + (1 - DECAY)

    @property
    def mean(self) -> float:
        """RETURNS (float): The product, without the bias of an average that starts at 0."""
        return self.product / self.share if self.share else 0.0

    @property
    def cosine(self) -> float:
        """RETURNS (float): The product, relative to the norms. 0 before any measurement."""
        a, b = self.squares
        return self.product / float(numpy.sqrt(a) * numpy.sqrt(b)) if a and b else 0.0


class Gramians:
    """Running averages of the products of the tasks' gradients, with decay `DECAY`.

    A task is measured in its first step, and then whenever it is present and was not measured
    for some steps, with all other tasks of that step. A task that is alone is always measured,
    because that takes no further pass. Tasks never measured together have a product of 0.
    """

    def __init__(self) -> None:
        self._step = 0
        #: The step in which each task was measured last.
        self._measured: Dict[str, int] = {}
        self._averages: Dict[Tuple[str, str], Average] = {}

    @property
    def is_used(self) -> bool:
        """RETURNS (bool): Whether any step was counted."""
        return self._step > 0

    def open(self, tasks: Sequence[str], every: Union[int, str]) -> bool:
        """Count a step.

        tasks (Sequence[str]): The tasks that have a gradient in it.
        every (Union[int, str]): The least number of steps between measurements, or "auto".
        RETURNS (bool): Whether to measure in this step.
        """
        self._step += 1
        least = steps_between(every, len(tasks))
        return len(tasks) == 1 or any(
            task not in self._measured or self._step - self._measured[task] >= least
            for task in tasks
        )

    def note(self, tasks: Sequence[str], products: numpy.ndarray) -> None:
        """Add a measurement.

        tasks (Sequence[str]): The tasks.
        products (ndarray): The products of their gradients. Shape: (n_tasks, n_tasks).
        """
        for i, task in enumerate(tasks):
            self._measured[task] = self._step
            for j, other in enumerate(tasks[: i + 1]):
                average = self._averages.setdefault(_pair(other, task), Average())
                low, high = (j, i) if other <= task else (i, j)
                average.add(products[i, j], products[low, low], products[high, high])

    def rows(self, tasks: Sequence[str]) -> numpy.ndarray:
        """Find rows whose products are the averages: the square root of the Gramian.

        tasks (Sequence[str]): Tasks that were measured.
        RETURNS (ndarray): One row per task, in double precision. Shape: (n_tasks, n_tasks).
        """
        pairs = [[self._averages.get(_pair(a, b), Average()) for b in tasks] for a in tasks]
        norms = numpy.sqrt([pairs[i][i].mean for i in range(len(tasks))])
        cosines = numpy.asarray([[pair.cosine for pair in row] for row in pairs])
        return _root(cosines, norms)

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What was measured, for msgpack."""
        averages = [
            [*pair, average.product, *average.squares, average.share]
            for pair, average in self._averages.items()
        ]
        return {"step": self._step, "measured": dict(self._measured), "averages": averages}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state.

        state (Dict[str, Any]): What `get_state` returned.
        """
        self._step, self._measured = int(state["step"]), dict(state["measured"])
        self._averages = {
            (a, b): Average(product, (first, second), share)
            for a, b, product, first, second, share in state["averages"]
        }


def rows_with(gram: numpy.ndarray) -> numpy.ndarray:
    """Find rows with given products: the square root of a Gramian.

    gram (ndarray): The products. Shape: (n_tasks, n_tasks).
    RETURNS (ndarray): One row per task, in double precision. Shape: (n_tasks, n_tasks).
    """
    norms = numpy.sqrt(numpy.diag(gram))
    sizes = numpy.outer(norms, norms)
    cosines = numpy.divide(gram, sizes, out=numpy.zeros_like(gram), where=sizes > 0)
    return _root(cosines, norms)


def _root(cosines: numpy.ndarray, norms: numpy.ndarray) -> numpy.ndarray:
    values, vectors = numpy.linalg.eigh(cosines)
    # Pairs that were measured at different times need not fit together.
    root = vectors * numpy.sqrt(numpy.maximum(values, 0.0)) @ vectors.T
    lengths = numpy.linalg.norm(root, axis=1, keepdims=True)
    units = numpy.divide(root, lengths, out=numpy.zeros_like(root), where=lengths > 0)
    return units * norms[:, None]


def _pair(a: str, b: str) -> Tuple[str, str]:
    return (a, b) if a <= b else (b, a)

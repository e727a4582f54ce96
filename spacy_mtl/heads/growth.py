"""The arrays of an output layer and of a CRF that get classes for a new label."""

import math
from dataclasses import dataclass
from typing import Any, Callable, List, Sequence

import numpy
from thinc.api import get_array_module

#: The probability of a new class, or its ratio to that of the best old one.
PROBABILITY = 0.01


@dataclass(frozen=True)
class Growth:
    """Where the classes of a new label come in.

    n_before (int): The number of old classes.
    kept (List[int]): The places of the old classes among all.
    new (List[int]): Those of the new ones.
    like (ndarray): For each old label, the places among the old classes that correspond to the new
        ones. Shape: (n_labels, n_new); no rows if labels are independent.
    """

    n_before: int
    kept: List[int]
    new: List[int]
    like: numpy.ndarray

    @property
    def n_after(self) -> int:
        """RETURNS (int): The number of classes."""
        return self.n_before + len(self.new)

    @classmethod
    def of(
        cls,
        classes_of: Callable[[Sequence[str]], List[str]],
        labels: Sequence[str],
        label: str,
        *,
        apart: bool,
    ) -> "Growth":
        """Find the places of classes.

        classes_of (Callable): The classes of labels, in order.
        labels (Sequence[str]): The old labels, at least one.
        label (str): The new label.
        apart (bool): Whether labels are independent.
        RETURNS (Growth): The places.
        """
        before, after = classes_of(labels), classes_of([*labels, label])
        place, common = {name: i for i, name in enumerate(before)}, set(classes_of([]))
        own = [[name for name in classes_of([each]) if name not in common] for each in labels]
        new = [i for i, name in enumerate(after) if name not in place]
        like = numpy.asarray([[place[name] for name in names] for names in own], dtype="int64")
        kept = [after.index(name) for name in before]
        return cls(len(before), kept, new, like[:0] if apart else like)

    def padded(self, array: Any) -> Any:
        """Add rows of zeros for the new classes.

        array (FloatsXd): One row per old class. Shape: (n_before, ...).
        RETURNS (FloatsXd): Shape: (n_after, ...).
        """
        xp = get_array_module(array)
        found = xp.zeros((self.n_after, *array.shape[1:]), dtype=array.dtype)
        found[xp.asarray(self.kept)] = array
        return found

    def padded_transitions(self, array: Any) -> Any:
        """Add rows and columns of zeros for the new classes.

        array (Floats2d): Of transitions between old classes; the boundary of documents comes last.
            Shape: (n_before + 1, n_before + 1).
        RETURNS (Floats2d): Shape: (n_after + 1, n_after + 1).
        """
        xp = get_array_module(array)
        found = xp.zeros((self.n_after + 1, self.n_after + 1), dtype=array.dtype)
        old = xp.asarray([*self.kept, self.n_after])
        found[xp.ix_(old, old)] = array
        return found


def grown_rows(array: Any, growth: Growth, name: str, temperature: float = 1.0) -> Any:
    """Add rows for new classes to an array of an output layer.

    array (FloatsXd): One row per old class. Shape: (n_before, ...).
    growth (Growth): The places.
    name (str): The name of the array: "b" is what is added to scores.
    temperature (float): What the scores of independent labels are divided by.
    RETURNS (FloatsXd): Shape: (n_after, ...).
    """
    xp = get_array_module(array)
    found, new = growth.padded(array), xp.asarray(growth.new)
    odds = PROBABILITY
    if len(growth.like):
        found[new] = array[xp.asarray(growth.like)].mean(axis=0)
    else:
        odds = (PROBABILITY / (1 - PROBABILITY)) ** temperature
    if name == "b":
        found[new] += math.log(odds)
    return found


def grown_transitions(array: Any, growth: Growth) -> Any:
    """Add the transitions of new classes to those of a CRF.

    With the scores of `grown_rows`, a sequence with a new entity type scores what it scores on
    average with an old type instead, less a constant per token.

    array (Floats2d): Transition scores. Shape: (n_before + 1, n_before + 1).
    growth (Growth): The places.
    RETURNS (Floats2d): Shape: (n_after + 1, n_after + 1).
    """
    xp = get_array_module(array)
    found, like = growth.padded_transitions(array), xp.asarray(growth.like)
    old, new = xp.asarray([*growth.kept, growth.n_after]), xp.asarray(growth.new)
    found[xp.ix_(old, new)] = array[:, like].mean(axis=1)
    found[xp.ix_(new, old)] = array[like, :].mean(axis=0)
    found[xp.ix_(new, new)] = array[like[:, :, None], like[:, None, :]].mean(axis=0)
    return found

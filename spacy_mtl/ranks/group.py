"""The group of processes (ranks) that train one pipeline together. By default, one rank."""

import hashlib
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Set, TypeVar

from spacy.language import Language

_Value = TypeVar("_Value")
#: What values are sent as: as they are, or with 8 bits of precision and half as many bytes.
KINDS = FLOAT32, BFLOAT16 = ("float32", "bfloat16")


class RanksDifferError(ValueError):
    """Raised on every rank if ranks have something else than the first one."""


@dataclass(frozen=True)
class Weighed:
    """The mean of a loss over the annotated units of all ranks.

    value (float): The loss; 0.0 without units.
    n_units (int): The number of units.
    share (float): The share of them that this rank has, which scales its gradient.
    """

    value: float
    n_units: int
    share: float


class Group:
    """A group of one rank, for which each call gives back what it is given.

    The base class of groups of several. Every rank has to make the same calls in the same order.
    """

    #: The number of this rank, from 0.
    rank: int = 0
    #: The number of ranks.
    size: int = 1

    @property
    def is_first(self) -> bool:
        """RETURNS (bool): Whether this rank speaks for all: it evaluates, logs and saves."""
        return self.rank == 0

    def sum(self, array: Any, kind: str = FLOAT32) -> Any:
        """Add up arrays of the same shape.

        array (FloatsXd): The array of this rank. Overwritten.
        kind (str): What its values are sent as: one of `KINDS`.
        RETURNS (FloatsXd): The sum, the same to the last bit on every rank.
        """
        return array

    def gather(self, value: _Value) -> List[_Value]:
        """RETURNS (List[Any]): The values of all ranks, by rank. Values are pickled."""
        return [value]

    def broadcast(self, value: _Value) -> _Value:
        """RETURNS (Any): The value of the first rank. Values are pickled."""
        return value

    def barrier(self) -> None:
        """Wait until all ranks are here."""

    def leave(self, is_done: bool = True) -> None:
        """Leave the group, before the process ends.

        is_done (bool): Whether all ranks are to leave, not this one alone.
        """

    # Draws of random numbers: see `Draws`.

    def own_chance(self) -> AbstractContextManager:
        """Draw apart from other ranks inside, which have other texts to draw for."""
        return nullcontext()

    def common_chance(self) -> AbstractContextManager:
        """Draw the same on all ranks inside, which all draw as often."""
        return nullcontext()

    def same_chance(self) -> AbstractContextManager:
        """Start from the same state of torch's generator inside, on all ranks, however often each
        draws."""
        return nullcontext()

    def get_chance(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The state of this rank's own draws, for msgpack."""
        return {}

    def set_chance(self, state: Mapping[str, Any]) -> None:
        """Restore a state from `get_chance`.

        state (Mapping[str, Any]): The state.
        """

    # What follows from these.

    def union(self, names: Sequence[str]) -> Set[str]:
        """RETURNS (Set[str]): The names that any rank has."""
        return {name for found in self.gather(list(names)) for name in found}

    def add_up(self, values: Mapping[str, float]) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): The sum of each number over the ranks that have it."""
        total: Dict[str, float] = {}
        for found in self.gather(dict(values)):
            for name, value in found.items():
                total[name] = total[name] + value if name in total else value
        return total

    def weigh(self, value: float, n_units: int) -> Weighed:
        """Find the mean loss of all ranks.

        value (float): The loss on this rank, a mean.
        n_units (int): The number of units of that mean; 0 if there are none.
        RETURNS (Weighed): The mean over the units of all ranks.
        """
        return mean_of(self.gather((value, n_units)), self.rank)

    def balance(self, *n_units: int) -> List[float]:
        """Find the factors with which a mix of means of each rank becomes one of all ranks.

        A rank's mix counts by the largest of its numbers of units: see `weigh`.

        n_units (int): The number of units of each mean on this rank.
        RETURNS (List[float]): The factor of each mean; 1.0 with a single rank.
        """
        return factors_of(self.gather(n_units), self.rank)

    def check_same(self, values: Mapping[str, Any]) -> None:
        """Check that ranks agree.

        values (Mapping[str, Any]): What has to be the same, by what it is. Compared by `repr`.
        RAISES (RanksDifferError): On every rank, if any differs from the first one. Names it.
        """
        digests = {name: digest_of(value) for name, value in values.items()}
        first, *others = self.gather(digests)
        for rank, found in enumerate(others, start=1):
            different = [name for name, digest in first.items() if found.get(name) != digest]
            if different:
                raise RanksDifferError(
                    f"Rank {rank} of {self.size} has another {' and another '.join(different)} "
                    "than rank 0, but all ranks train one pipeline on the same corpora. Start all "
                    "of them with the same command, and give each machine the same files and "
                    "versions of libraries."
                )

    def __reduce__(self) -> Any:
        # Run state: a copied or pickled component stands alone.
        return _alone, ()


#: A single rank.
ALONE = Group()


def _alone() -> Group:
    return ALONE


def factors_of(found: Sequence[Sequence[int]], rank: int) -> List[float]:
    """Find the factors with which a mix of means of a rank becomes one of all ranks.

    found (Sequence[Sequence[int]]): The number of units of each mean, by rank.
    rank (int): This rank.
    RETURNS (List[float]): The factors: see `Group.balance`.
    """
    own = found[rank]
    if len(found) == 1:
        return [1.0] * len(own)
    scale = sum(map(max, found)) / (max(own) or 1)
    return [scale * n / (sum(column) or 1) for n, column in zip(own, zip(*found))]


def mean_of(found: Sequence[Any], rank: int) -> Weighed:
    """Find the mean of a loss over the units of all ranks.

    found (Sequence[Tuple[float, int]]): The loss and the number of units of each rank.
    rank (int): This rank.
    RETURNS (Weighed): The mean. The same numbers as given for a single rank, to the last bit.
    """
    n_units = sum(n for _, n in found)
    if not n_units or len(found) == 1:
        return Weighed(found[rank][0] if len(found) == 1 else 0.0, n_units, 1.0)
    value = sum(value * (n / n_units) for value, n in found if n)
    return Weighed(value, n_units, found[rank][1] / n_units)


def digest_of(value: Any) -> str:
    """RETURNS (str): A digest of bytes, or of anything's `repr`."""
    data = value if isinstance(value, bytes) else repr(value).encode("utf8")
    return hashlib.sha256(data).hexdigest()


def join(nlp: Language, group: Group) -> None:
    """Tell the components of a pipeline which group they are trained in.

    nlp (Language): The pipeline.
    group (Group): The group. `ALONE` takes them out of any other.
    """
    for _, pipe in nlp.components:
        if isinstance(getattr(pipe, "group", None), Group):
            pipe.group = group  # type: ignore[attr-defined]

"""Sum the gradients of all parameters over the ranks, in a few large messages."""

import math
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy
from spacy.language import Language
from thinc.api import Model, get_array_module, to_numpy

from ..parameters import Slot, slots_of_model, unique
from .group import FLOAT32, KINDS, Group

#: The number of values that are sent at once: 16 MB in float32.
BUCKET = 4 * 2**20
#: A table of embeddings: how many times as many rows as columns, and the least number of values.
_TALL, TABLE = 8, 2**18


@dataclass(frozen=True)
class _Part:
    """A gradient, or those of its rows that any rank has.

    slot (Slot): The parameter.
    gradient (Optional[FloatsXd]): Its gradient, not a copy. None counts as zeros.
    rows (Optional[Ints1d]): The rows. The others are zeros on all ranks. None for everything.
    """

    slot: Slot
    gradient: Optional[Any]
    rows: Optional[Any]

    @property
    def shape(self) -> Tuple[int, ...]:
        """RETURNS (Tuple[int, ...]): The shape of what is sent."""
        return self.slot.shape if self.rows is None else (len(self.rows), self.slot.shape[1])

    @property
    def size(self) -> int:
        """RETURNS (int): The number of values to send."""
        return math.prod(self.shape)

    def read(self, flat: Any) -> None:
        """Copy the values into a flat array."""
        if self.gradient is None:
            flat[:] = 0.0
        else:
            some = self.gradient if self.rows is None else self.gradient[self.rows]
            flat.reshape(self.shape)[...] = some

    def write(self, flat: Any) -> None:
        """Copy the values from a flat array."""
        gradient = self.gradient
        if gradient is None:
            gradient = get_array_module(flat).zeros(self.slot.shape, dtype=flat.dtype)
        gradient[... if self.rows is None else self.rows] = flat.reshape(self.shape)
        if self.gradient is None:
            self.slot.set_gradient(gradient)


class Reduction:
    """Sums gradients over the ranks of a group.

    Of a table of embeddings, only the rows of pieces that any rank has read are sent.

    nlp (Language): The pipeline.
    group (Group): The ranks.
    frozen (Sequence[str]): The components that are not trained.
    kind (str): What is sent: one of `KINDS`. With "bfloat16", half as many bytes, and each
        gradient is rounded to 8 bits before and after it is added.
    bucket (int): The number of values to send at once.
    table (int): The number of values from which a table of embeddings is sent by rows.
    """

    def __init__(
        self,
        nlp: Language,
        group: Group,
        *,
        frozen: Sequence[str] = (),
        kind: str = FLOAT32,
        bucket: int = BUCKET,
        table: int = TABLE,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"Gradients are sent as one of {', '.join(KINDS)}, not {kind!r}.")
        self._nlp = nlp
        self._group = group
        self._frozen = frozen
        self._kind = kind
        self._bucket = bucket
        self._table = table
        # What was sent last: new memory would take longer than the copy.
        self._flat: Any = numpy.zeros(0, dtype="float32")

    def reduce(self) -> None:
        """Give each trained parameter the sum of its gradients on all ranks.

        One that has no gradient on any rank still has none. One that has none here counts as zeros.
        """
        if self._group.size == 1:
            return
        for part in _buckets(self._parts(), self._bucket):
            self._sum(part)

    def _parts(self) -> List[_Part]:
        """RETURNS (List[_Part]): What any rank has, the same on all of them."""
        slots = self._slots()
        gradients = [slot.gradient() for slot in slots]
        by_rows = [self._is_table(slot) for slot in slots]
        here = [numpy.asarray([each is not None for each in gradients], dtype="float32")]
        for slot, gradient, is_table in zip(slots, gradients, by_rows):
            if is_table:
                here.append(_rows_with_values(slot, gradient))
        somewhere = self._group.sum(numpy.concatenate(here)) > 0
        start = len(slots)
        parts = []
        for slot, gradient, is_table, is_wanted in zip(slots, gradients, by_rows, somewhere):
            rows = None
            if is_table:
                end = start + slot.shape[0]
                rows = get_array_module(slot.value).asarray(somewhere[start:end].nonzero()[0])
                start = end
            if is_wanted:
                parts.append(_Part(slot, gradient, rows))
        return parts

    def _is_table(self, slot: Slot) -> bool:
        shape = slot.shape
        return len(shape) == 2 and shape[0] >= _TALL * shape[1] and slot.size >= self._table

    def _slots(self) -> List[Slot]:
        # Components are frozen, and parameters made, at any time.
        found = []
        for name, pipe in self._nlp.pipeline:
            model: Any = getattr(pipe, "model", None)
            if isinstance(model, Model) and name not in self._frozen:
                found += [s for s in slots_of_model(model) if s.is_set and s.is_trained]
        return unique(found)

    def _sum(self, parts: Sequence[_Part]) -> None:
        size = sum(part.size for part in parts)
        xp = get_array_module(parts[0].slot.value)
        if len(self._flat) < size or get_array_module(self._flat) is not xp:
            self._flat = xp.zeros(max(size, self._bucket), dtype="float32")
        flat = self._flat[:size]
        _each(parts, flat, _Part.read)
        _each(parts, self._group.sum(flat, self._kind), _Part.write)


def _each(parts: Sequence[_Part], flat: Any, function: Callable[[_Part, Any], None]) -> None:
    start = 0
    for part in parts:
        function(part, flat[start : start + part.size])
        start += part.size


def _rows_with_values(slot: Slot, gradient: Optional[Any]) -> numpy.ndarray:
    """RETURNS (Floats1d): 1.0 for each row that isn't all zeros."""
    if gradient is None:
        return numpy.zeros(slot.shape[0], dtype="float32")
    return to_numpy((gradient != 0).any(axis=1)).astype("float32")


def _buckets(found: Iterable[_Part], most: int) -> Iterator[List[_Part]]:
    parts: List[_Part] = []
    size = 0
    for each in found:
        if parts and size + each.size > most:
            yield parts
            parts, size = [], 0
        parts.append(each)
        size += each.size
    if parts:
        yield parts

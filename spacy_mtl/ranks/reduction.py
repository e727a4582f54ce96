"""Sum the gradients of all parameters over the ranks, in a few large messages."""

from typing import Any, Iterable, Iterator, List, Sequence, Tuple

import numpy
from spacy.language import Language
from thinc.api import Model, get_array_module

from ..parameters import Slot, slots_of_model, unique
from .group import FLOAT32, KINDS, Group

#: The number of values that are sent at once: 16 MB in float32.
BUCKET = 4 * 2**20


class Reduction:
    """Sums gradients over the ranks of a group.

    nlp (Language): The pipeline.
    group (Group): The ranks.
    frozen (Sequence[str]): The components that are not trained.
    kind (str): What is sent: one of `KINDS`. With "bfloat16", half as many bytes, and each
        gradient is rounded to 8 bits before and after it is added.
    bucket (int): The number of values to send at once.
    """

    def __init__(
        self,
        nlp: Language,
        group: Group,
        *,
        frozen: Sequence[str] = (),
        kind: str = FLOAT32,
        bucket: int = BUCKET,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"Gradients are sent as one of {', '.join(KINDS)}, not {kind!r}.")
        self._nlp = nlp
        self._group = group
        self._frozen = frozen
        self._kind = kind
        self._bucket = bucket

    def reduce(self) -> None:
        """Give each trained parameter the sum of its gradients on all ranks.

        One that has no gradient on any rank still has none. One that has none here counts as zeros.
        """
        if self._group.size == 1:
            return
        slots = self._slots()
        gradients = [slot.gradient() for slot in slots]
        here = numpy.asarray([each is not None for each in gradients], dtype="float32")
        somewhere = self._group.sum(here) > 0
        wanted = [
            (slot, gradient)
            for slot, gradient, is_wanted in zip(slots, gradients, somewhere.tolist())
            if is_wanted
        ]
        for part in _buckets(wanted, self._bucket):
            self._sum(part)

    def _slots(self) -> List[Slot]:
        # Components are frozen, and parameters made, at any time.
        found = []
        for name, pipe in self._nlp.pipeline:
            model: Any = getattr(pipe, "model", None)
            if isinstance(model, Model) and name not in self._frozen:
                found += [s for s in slots_of_model(model) if s.is_set and s.is_trained]
        return unique(found)

    def _sum(self, part: Sequence[Tuple[Slot, Any]]) -> None:
        xp = get_array_module(part[0][0].value)
        flat = xp.zeros(sum(slot.size for slot, _ in part), dtype="float32")
        start = 0
        for slot, gradient in part:
            if gradient is not None:
                flat[start : start + slot.size] = gradient.reshape(-1)
            start += slot.size
        flat = self._group.sum(flat, self._kind)
        start = 0
        for slot, _ in part:
            slot.set_gradient(flat[start : start + slot.size].reshape(slot.shape))
            start += slot.size


def _buckets(found: Iterable[Tuple[Slot, Any]], most: int) -> Iterator[List[Tuple[Slot, Any]]]:
    part: List[Tuple[Slot, Any]] = []
    size = 0
    for each in found:
        if part and size + each[0].size > most:
            yield part
            part, size = [], 0
        part.append(each)
        size += each[0].size
    if part:
        yield part

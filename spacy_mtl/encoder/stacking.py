"""One pass of several tasks: each has a copy of the texts, in one batch.

Which of the things that layers are given (masks, positions) belong to single texts, and need copies
too, is found out once per network, from passes with different numbers of texts.
"""

from dataclasses import dataclass
from typing import Any, Dict, List, Sequence, Tuple

from torch import Tensor

from .lower import Given, Place, exchanged


class NotStackableError(Exception):
    """These layers can't process several copies of the texts at once."""


@dataclass(frozen=True)
class StackingPlan:
    """What to copy.

    dimensions (Dict[Place, int]): The dimension along which each tensor has one entry per text, or
        per wordpiece of packed texts. -1 for tensors that are the same for all texts.
    is_packed (bool): Whether texts are packed rather than padded.
    """

    dimensions: Dict[Place, int]
    is_packed: bool


def make_plan(one: Sequence[Given], other: Sequence[Given], *, is_packed: bool) -> StackingPlan:
    """Compare what layers are given in two passes, with different numbers of texts.

    one (Sequence[Given]): What each layer was given in one pass.
    other (Sequence[Given]): In the other pass.
    is_packed (bool): Whether texts are packed in both.
    RETURNS (StackingPlan): What to copy.
    RAISES (NotStackableError): If it isn't always the same, or several dimensions of one differ.
    """
    first, second = _shapes(one), _shapes(other)
    if first.keys() != second.keys():
        raise NotStackableError
    dimensions = {place: _dimension(first[place], second[place]) for place in first}
    return StackingPlan(dimensions, is_packed)


def stack(
    plan: StackingPlan, hidden: Tensor, given: Sequence[Given], n_copies: int
) -> Tuple[Tensor, List[Given]]:
    """Copy the input of layers.

    plan (StackingPlan): What to copy.
    hidden (Tensor): The hidden states. *Shape:* (n_rows, length, width).
    given (Sequence[Given]): What each layer is given besides.
    n_copies (int): The number of copies.
    RETURNS (Tuple[Tensor, List[Given]]): The hidden states, *shape:* (n_copies * n_rows, length,
        width), or (1, n_copies * length, width) if packed; and the rest.
    RAISES (NotStackableError): If there is something that was not there when the plan was made.
    """

    def copies(place: Place, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        if place not in plan.dimensions:
            raise NotStackableError
        return _repeated(value, plan.dimensions[place], n_copies)

    stacked = [exchanged(own, copies, (number,)) for number, own in enumerate(given)]
    return _repeated(hidden, 1 if plan.is_packed else 0, n_copies), stacked


def _shapes(given: Sequence[Given]) -> Dict[Place, Sequence[int]]:
    found: Dict[Place, Sequence[int]] = {}

    def note(place: Place, value: Any) -> Any:
        if isinstance(value, Tensor):
            found[place] = value.shape
        return value

    for number, own in enumerate(given):
        exchanged(own, note, (number,))
    return found


def _dimension(one: Sequence[int], other: Sequence[int]) -> int:
    if len(one) != len(other):
        raise NotStackableError
    different = [i for i, (a, b) in enumerate(zip(one, other)) if a != b]
    if len(different) > 1:
        raise NotStackableError
    return different[0] if different else -1


def _repeated(tensor: Tensor, dimension: int, n_copies: int) -> Tensor:
    if dimension < 0:
        return tensor
    sizes = [n_copies if i == dimension else 1 for i in range(tensor.dim())]
    return tensor.repeat(sizes)

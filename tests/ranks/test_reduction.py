"""What is sent: each gradient once, and of tables of embeddings the rows that any rank has."""

from typing import Any, List

import numpy
import pytest
from thinc.api import Embed, Linear, chain

from spacy_mtl.parameters import slots_of_model
from spacy_mtl.ranks.group import FLOAT32, Group
from spacy_mtl.ranks.reduction import Reduction

N_ROWS, N_COLUMNS = 40, 4


class Alike(Group):
    """Two ranks that have the same."""

    size = 2

    def __init__(self) -> None:
        self.sent: List[int] = []

    def sum(self, array: Any, kind: str = FLOAT32) -> Any:
        self.sent.append(array.size)
        array *= 2
        return array


class Pipeline:
    """A pipeline of one component."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.pipeline = [("one", self)]


@pytest.fixture
def model() -> Any:
    made = chain(Embed(N_COLUMNS, N_ROWS), Linear(2, N_COLUMNS))
    return made.initialize(X=numpy.zeros((3,), dtype="uint64"))


def test_rows_of_a_table(model: Any) -> None:
    table = model.layers[0]
    gradient = numpy.zeros((N_ROWS, N_COLUMNS), dtype="float32")
    gradient[[3, 7], 1] = [1.5, -2.0]
    table.set_grad("E", gradient.copy())
    group = Alike()
    Reduction(Pipeline(model), group, table=1).reduce()  # type: ignore[arg-type]
    assert numpy.array_equal(table.get_grad("E"), 2 * gradient)
    # Which gradients and rows there are, then two rows.
    assert group.sent == [len(list(slots_of_model(model))) + N_ROWS, 2 * N_COLUMNS]
    # No rank has any other.
    assert not model.layers[1].has_grad("W")


def test_a_table_of_zeros(model: Any) -> None:
    """As thinc leaves them behind: a gradient without a row to send."""
    table = model.layers[0]
    table.set_grad("E", numpy.zeros((N_ROWS, N_COLUMNS), dtype="float32"))
    Reduction(Pipeline(model), Alike(), table=1).reduce()  # type: ignore[arg-type]
    assert not table.get_grad("E").any()


@pytest.mark.parametrize("bucket, n_sent", [(1, 3), (10, 2), (1000, 1)])
def test_buckets(model: Any, bucket: int, n_sent: int) -> None:
    """A gradient isn't cut, and none is sent twice."""
    slots = list(slots_of_model(model))
    before = []
    for slot in slots:
        before.append(numpy.random.uniform(-1, 1, slot.shape).astype("float32"))
        slot.set_gradient(before[-1].copy())
    group = Alike()
    reduction = Reduction(Pipeline(model), group, bucket=bucket, table=10**6)  # type: ignore[arg-type]
    for factor in (2, 4):
        reduction.reduce()
        for slot, expected in zip(slots, before):
            assert numpy.array_equal(slot.gradient(), factor * expected), slot.address
    assert len(group.sent) == 2 * (1 + n_sent)
    assert sum(group.sent) == 2 * (len(slots) + sum(slot.size for slot in slots))

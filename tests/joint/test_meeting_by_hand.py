"""Where gradients meet, on a trunk and a scheme that can be followed by hand."""

from typing import Any, Dict, Type

import numpy
import pytest
from hand_made_scheme import Scheme, view_gradient

from spacy_mtl.joint.meeting import MEETINGS, AtParameters, AtRepresentation, Meeting
from spacy_mtl.types import Combined

#: Of three tokens, by task.
D_VIEWS = {
    "first": view_gradient([1, 0], [0, 0], [0, 0]),
    "second": view_gradient([0, 0], [0, 1], [0, 1]),
}
NOTHING = view_gradient([0, 0], [0, 0], [0, 0])
# By hand, with W = [[1, 1], [0, 2]] and features (1, 2), (3, 4), (3, 4):
#: D_VIEWS times W transposed.
AT_FEATURES = {"first": [1, 0, 0, 0, 0, 0], "second": [0, 0, 1, 2, 1, 2]}
#: The same by rows of the table: the second row is that of two tokens.
AT_TABLE = {"first": [1, 0, 0, 0], "second": [0, 0, 2, 4]}
#: Features transposed times D_VIEWS.
AT_SHARED = {"first": [1, 0, 2, 0], "second": [0, 6, 0, 8]}
AT_PRIVATE = {"first": [1, 0], "second": [0, 2]}
#: The auxiliary loss: the features themselves, in rows of the table.
OF_SQUARES = numpy.asarray([[1, 2], [6, 8]])
PLACES: Dict[Type[Meeting], Any] = {AtRepresentation: AT_FEATURES, AtParameters: AT_TABLE}


def connected(kind: Type[Meeting], scheme: Scheme) -> Meeting:
    meeting = kind(scheme.pipeline, {})
    meeting.connect(scheme.backward)
    return meeting


def weighted(meeting: Meeting, d_views: Any, **weights: float) -> None:
    """Give the sum of the rows, each times the weight of its task."""
    rows = meeting.rows(d_views)
    factors = numpy.asarray([[weights[task]] for task in rows.tasks], dtype="float32")
    meeting.give(Combined((factors * rows.values).sum(axis=0), weights))


@pytest.mark.parametrize("kind", PLACES)
def test_rows(kind: Type[Meeting]) -> None:
    scheme = Scheme(list(D_VIEWS))
    rows = connected(kind, scheme).rows(D_VIEWS)
    assert rows.tasks == ["first", "second"]
    for i, task in enumerate(rows.tasks):
        assert rows.at_features[i].tolist() == AT_FEATURES[task]
        assert rows.values[i].tolist() == [*PLACES[kind][task], *AT_SHARED[task]]


@pytest.mark.parametrize("kind", PLACES)
def test_shared_parameters_wait_and_private_ones_do_not(kind: Type[Meeting]) -> None:
    scheme = Scheme(list(D_VIEWS))
    connected(kind, scheme).rows(D_VIEWS)
    assert not scheme.table.has_grad("E")
    assert not scheme.shared.has_grad("W")
    for task, layer in scheme.private.items():
        assert layer.get_grad("p").tolist() == AT_PRIVATE[task]


@pytest.mark.parametrize("kind", PLACES)
def test_the_combined_gradient_goes_on_once(kind: Type[Meeting]) -> None:
    scheme = Scheme(list(D_VIEWS))
    weighted(connected(kind, scheme), D_VIEWS, first=10.0, second=1.0)
    assert scheme.table.get_grad("E").tolist() == [[10, 0], [2, 4]]
    assert scheme.shared.get_grad("W").tolist() == [[10, 6], [20, 8]]
    # The weight of a task is for what is shared.
    for task, layer in scheme.private.items():
        assert layer.get_grad("p").tolist() == AT_PRIVATE[task]
    assert scheme.kept == ([False] if kind is AtRepresentation else [True, False])


@pytest.mark.parametrize("kind", PLACES)
def test_gradients_that_were_there_stay(kind: Type[Meeting]) -> None:
    """Those of sub-batches add up, and what came before is not weighed again."""
    scheme = Scheme(list(D_VIEWS))
    for _ in range(2):
        weighted(connected(kind, scheme), D_VIEWS, first=10.0, second=1.0)
    assert scheme.table.get_grad("E").tolist() == [[20, 0], [4, 8]]
    assert scheme.shared.get_grad("W").tolist() == [[20, 12], [40, 16]]


@pytest.mark.parametrize("kind", PLACES)
def test_auxiliary_losses(kind: Type[Meeting]) -> None:
    """They are added to what was weighed, with a strength of their own."""
    scheme = Scheme(list(D_VIEWS), strength=0.5)
    weighted(connected(kind, scheme), D_VIEWS, first=10.0, second=1.0)
    expected = numpy.asarray([[10, 0], [2, 4]]) + 0.5 * OF_SQUARES
    assert scheme.table.get_grad("E").tolist() == expected.tolist()
    assert scheme.shared.get_grad("W").tolist() == [[10, 6], [20, 8]]
    assert scheme.kept == ([False] if kind is AtRepresentation else [True, True, False])


@pytest.mark.parametrize("kind", PLACES)
def test_tasks_without_a_gradient_have_no_row(kind: Type[Meeting]) -> None:
    scheme = Scheme(["none", *D_VIEWS])
    meeting = connected(kind, scheme)
    rows = meeting.rows({"none": NOTHING, "second": D_VIEWS["second"]})
    assert rows.tasks == ["second"]
    assert rows.values.tolist() == [[*PLACES[kind]["second"], *AT_SHARED["second"]]]
    assert rows.at_features.tolist() == [AT_FEATURES["second"]]


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("d_views", [{}, {"none": NOTHING}], ids=["nobody", "zeros"])
def test_no_row_at_all(kind: Type[Meeting], d_views: Any) -> None:
    scheme = Scheme(["none"])
    rows = connected(kind, scheme).rows(d_views)
    assert rows.tasks == []
    assert len(rows.values) == len(rows.at_features) == 0
    assert scheme.kept == []
    assert not scheme.table.has_grad("E")


@pytest.mark.parametrize("kind", PLACES)
def test_what_was_sent_stays_as_it_was(kind: Type[Meeting]) -> None:
    scheme = Scheme(list(D_VIEWS))
    copies = {task: [d.copy() for d in d_view] for task, d_view in D_VIEWS.items()}
    weighted(connected(kind, scheme), D_VIEWS, first=10.0, second=1.0)
    for task, d_view in D_VIEWS.items():
        assert all(map(numpy.array_equal, d_view, copies[task]))


def test_meetings_by_name() -> None:
    assert {"representation": AtRepresentation, "parameters": AtParameters} == MEETINGS

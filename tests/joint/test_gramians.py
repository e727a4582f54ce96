"""When the tasks' gradients are measured, and the rows that stand for them in between."""

from typing import List, Sequence, Union

import numpy
import pytest
import srsly

from spacy_mtl.joint.gramians import DECAY, Gramians, steps_between

TASKS = ["tagger", "ner", "textcat"]


def measured(gramians: Gramians, batches: Sequence[Sequence[str]], every: Union[int, str]) -> List:
    """The steps, from 1, in which to measure, if all products are 1."""
    found = []
    for step, tasks in enumerate(batches, 1):
        if gramians.open(tasks, every):
            gramians.note(tasks, numpy.ones((len(tasks), len(tasks))))
            found.append(step)
    return found


def noted(*measurements: Sequence, every: int = 1) -> Gramians:
    """Gramians with these measurements: pairs of tasks and rows."""
    gramians = Gramians()
    for tasks, rows in measurements:
        assert gramians.open(tasks, every)
        gramians.note(tasks, numpy.asarray(rows) @ numpy.asarray(rows).T)
    return gramians


@pytest.mark.parametrize(
    "every, n_tasks, expected",
    [("auto", 2, 20), ("auto", 3, 28), ("auto", 8, 98), ("auto", 1, 20), (5, 8, 5)],
)
def test_steps_between(every: Union[int, str], n_tasks: int, expected: int) -> None:
    assert steps_between(every, n_tasks) == expected


def test_every_so_many_steps() -> None:
    assert measured(Gramians(), 12 * [TASKS], 5) == [1, 6, 11]
    assert measured(Gramians(), 60 * [TASKS], "auto") == [1, 29, 57]


def test_rare_task_is_measured_when_it_comes() -> None:
    """One step in five has it, and each is due. The others are measured along with it."""
    batches = [TASKS if step % 5 == 4 else TASKS[:2] for step in range(25)]
    assert measured(Gramians(), batches, 5) == [1, 5, 10, 15, 20, 25]


def test_task_that_starts_late() -> None:
    assert measured(Gramians(), [*4 * [TASKS[:2]], *4 * [TASKS]], 100) == [1, 5]


def test_task_alone_is_always_measured() -> None:
    assert measured(Gramians(), [["ner"], ["ner"], ["tagger"], ["ner"]], 100) == [1, 2, 3, 4]


def test_rows_of_one_measurement() -> None:
    """Their products are those of the gradients."""
    rows = numpy.random.default_rng(0).normal(size=(3, 50)) * [[1.0], [1e4], [1e-4]]
    found = noted((TASKS, rows)).rows(TASKS)
    assert found.shape == (3, 3)
    norms = numpy.linalg.norm(rows, axis=1)
    assert found @ found.T / numpy.outer(norms, norms) == pytest.approx(
        rows @ rows.T / numpy.outer(norms, norms), abs=1e-10
    )


def test_average_without_bias() -> None:
    """Weights of 1, 0.9, 0.81 for the last, the one before it, and so on, as a mean."""
    sizes = [1.0, 5.0, 2.0]
    gramians = noted(*[(["ner", "tagger"], size * numpy.eye(2)) for size in sizes])
    weights = DECAY ** numpy.arange(2, -1, -1)
    expected = (weights @ numpy.square(sizes)) / weights.sum()
    assert numpy.diag(gramians.rows(["ner", "tagger"])) ** 2 == pytest.approx([expected] * 2)


def test_average_is_that_of_the_gramians() -> None:
    """The rows of tasks that always come together have the average of their products."""
    draw = numpy.random.default_rng(0)
    measurements = [draw.normal(size=(3, 5)) for _ in range(4)]
    weights = DECAY ** numpy.arange(3, -1, -1)
    expected = sum(w * rows @ rows.T for w, rows in zip(weights, measurements)) / weights.sum()
    found = noted(*[(TASKS, rows) for rows in measurements]).rows(TASKS)
    assert found @ found.T == pytest.approx(expected)


def test_order_of_tasks_does_not_matter() -> None:
    rows = numpy.random.default_rng(0).normal(size=(3, 5))
    one, other = noted((TASKS, rows)), noted((TASKS[::-1], rows[::-1]))
    a, b = one.rows(TASKS), other.rows(TASKS)
    assert a @ a.T == pytest.approx(b @ b.T)


def test_tasks_never_seen_together() -> None:
    gramians = noted((["ner"], [[3.0, 0.0]]), (["tagger"], [[4.0, 0.0]]))
    assert gramians.rows(["ner", "tagger"]) == pytest.approx(numpy.diag([3.0, 4.0]))


def test_norm_is_that_of_all_measurements_of_the_task() -> None:
    """Also of those without the other; their cosine stays that of the steps with both."""
    both = numpy.asarray([[10.0, 0.0], [5.0, 5.0]])
    alone = [(["ner"], [[0.1, 0.0]])] * 200
    found = noted((["ner", "tagger"], both), *alone).rows(["ner", "tagger"])
    norms = numpy.linalg.norm(found, axis=1)
    assert norms == pytest.approx([0.1, numpy.sqrt(50)], rel=1e-4)
    assert found[0] @ found[1] / norms.prod() == pytest.approx(numpy.sqrt(0.5))


def test_pairs_that_do_not_fit_together() -> None:
    """a like b and b like c, but a unlike c, from different steps. Norms stay."""
    same, opposite = [[1.0], [1.0]], [[1.0], [-1.0]]
    gramians = noted((["a", "b"], same), (["b", "c"], same), (["a", "c"], opposite))
    found = gramians.rows(["a", "b", "c"])
    assert numpy.linalg.norm(found, axis=1) == pytest.approx([1.0, 1.0, 1.0])
    assert found[0] @ found[1] > 0.3
    assert found[0] @ found[2] < -0.3


def test_gradient_of_zeros() -> None:
    found = noted((["ner", "tagger"], [[0.0, 0.0], [1.0, 2.0]])).rows(["ner", "tagger"])
    assert not found[0].any()
    assert numpy.linalg.norm(found[1]) == pytest.approx(numpy.sqrt(5))


def test_state_goes_on() -> None:
    draw = numpy.random.default_rng(0)
    gramians = noted((TASKS, draw.normal(size=(3, 5))), (TASKS[1:], draw.normal(size=(2, 5))))
    again = Gramians()
    again.set_state(srsly.msgpack_loads(srsly.msgpack_dumps(gramians.get_state())))
    assert numpy.array_equal(again.rows(TASKS), gramians.rows(TASKS))
    further = 9 * [TASKS]
    assert measured(again, further, 4) == measured(gramians, further, 4)
    assert again.get_state() == gramians.get_state()

"""Joint steps on their own: who has answered, and what comes out."""

import itertools
from dataclasses import FrozenInstanceError
from typing import Any, List, Tuple

import numpy
import pytest
from open_steps import filled, loss_of, open_step
from spacy.tokens import Doc

from spacy_mtl.joint.step import Answers

TASKS = ["tagger", "ner", "textcat"]


def are_equal(found: Any, expected: Any) -> bool:
    return len(found) == len(expected) and all(map(numpy.array_equal, found, expected))


def test_each_listener_gets_the_view_of_its_task() -> None:
    step, listeners, _ = open_step({"tagger": 1, "ner": 2})
    for i, task in enumerate(listeners):
        for listener in listeners[task]:
            assert are_equal(listener.view, filled(step.docs, i))
            assert listener.answer is not None


@pytest.mark.parametrize("order", list(itertools.permutations(TASKS[:2])), ids="-".join)
def test_tasks_before_the_last_answer_in_any_order(order: Tuple[str, ...]) -> None:
    step, listeners, closed = open_step(dict.fromkeys(TASKS, 1))
    for task in order:
        assert task in step.silent
        listeners[task][0].answer(filled(step.docs, 1 + TASKS.index(task)))
        assert task not in step.silent
    assert step.silent == ["textcat"]
    assert step.has_gradients
    assert not closed
    listeners["textcat"][0].answer(filled(step.docs, 3))
    (answers,) = closed
    assert list(answers.d_views) == TASKS
    for i, d_view in enumerate(answers.d_views.values()):
        assert are_equal(d_view, filled(step.docs, 1 + i))


def test_when_the_last_has_answered_nobody_is_waited_for() -> None:
    """spaCy updates components in pipeline order."""
    step, listeners, closed = open_step(dict.fromkeys(TASKS, 1))
    late = listeners["tagger"][0].answer
    listeners["textcat"][0].answer(filled(step.docs, 1))
    assert list(closed[0].d_views) == ["textcat"]
    with pytest.raises(ValueError, match="'tagger' sent a gradient for a joint step that has al"):
        late(filled(step.docs, 1))
    assert len(closed) == 1


def test_tasks_that_are_not_expected_are_heard_all_the_same() -> None:
    step, listeners, closed = open_step({"tagger": 1, "ner": 1, "frozen": 1}, ["tagger", "ner"])
    listeners["frozen"][0].answer(filled(step.docs, 2))
    assert not closed
    listeners["ner"][0].answer(filled(step.docs, 1))
    assert list(closed[0].d_views) == ["ner", "frozen"]


def test_several_listeners_of_a_task_add_up() -> None:
    step, listeners, closed = open_step({"tagger": 2, "ner": 3})
    for i, listener in enumerate([*listeners["tagger"], *listeners["ner"]]):
        assert not closed
        listener.answer(filled(step.docs, 10**i))
    (answers,) = closed
    assert are_equal(answers.d_views["tagger"], filled(step.docs, 11))
    assert are_equal(answers.d_views["ner"], filled(step.docs, 11100))


def test_one_listener_twice_is_not_two() -> None:
    """A model may pass one layer several times."""
    step, listeners, closed = open_step({"ner": 2})
    first, second = listeners["ner"]
    for _ in range(2):
        first.answer(filled(step.docs, 1))
    assert not closed
    second.answer(filled(step.docs, 1))
    assert are_equal(closed[0].d_views["ner"], filled(step.docs, 3))


def test_what_a_head_sent_stays_its_own() -> None:
    step, listeners, closed = open_step({"ner": 2})
    sent = filled(step.docs, 1)
    for listener in listeners["ner"]:
        zeros = listener.answer(sent)
        assert are_equal(zeros, filled(step.docs, 0))
        assert are_equal(sent, filled(step.docs, 1))
    for array in sent:
        array += 5
    assert are_equal(closed[0].d_views["ner"], filled(step.docs, 2))


@pytest.mark.parametrize("n_listeners", [1, 2, 3])
def test_skip_at_every_listener(n_listeners: int) -> None:
    step, listeners, closed = open_step({"tagger": n_listeners, "ner": n_listeners})
    for listener in listeners["tagger"]:
        listener.answer.skip()
    assert step.silent == ["ner"]
    assert not step.has_gradients
    for i, listener in enumerate(listeners["ner"]):
        assert len(closed) == 0, i
        listener.answer.skip()
    assert closed == [Answers({}, {}, {})]


def test_skip_and_gradient_through_listeners_of_one_task() -> None:
    step, listeners, closed = open_step({"ner": 2})
    listeners["ner"][0].answer.skip()
    listeners["ner"][1].answer(filled(step.docs, 4))
    assert are_equal(closed[0].d_views["ner"], filled(step.docs, 4))


def test_skip_after_closing_changes_nothing() -> None:
    step, listeners, closed = open_step({"ner": 1})
    answer = listeners["ner"][0].answer
    answer.skip()
    answer.skip()
    assert len(closed) == 1
    assert step.is_closed


def test_reports() -> None:
    step, listeners, closed = open_step(dict.fromkeys(TASKS, 1))
    listeners["tagger"][0].answer.report(loss_of(0.5, 7))
    listeners["tagger"][0].answer(filled(step.docs, 1))
    # Its gradient never comes.
    listeners["ner"][0].answer.report(loss_of(3.0, 2))
    listeners["textcat"][0].answer.report(loss_of(0.25, 1))
    listeners["textcat"][0].answer(filled(step.docs, 0))
    (answers,) = closed
    assert answers.losses == {"tagger": 0.5, "textcat": 0.25}
    assert answers.units == {"tagger": 7, "textcat": 1}
    assert list(answers.d_views) == ["tagger", "textcat"]


def test_a_closed_step_lets_go_of_the_batch() -> None:
    step, listeners, closed = open_step({"tagger": 1, "ner": 2}, ["tagger"])
    listeners["tagger"][0].answer(filled(step.docs, 1))
    assert len(closed) == 1
    assert step.is_closed
    assert not step.has_gradients
    for listener in [*listeners["tagger"], *listeners["ner"]]:
        assert listener.view is listener.answer is None
    with pytest.raises(RuntimeError, match="one backward pass"):
        step.complete()


def test_who_ran_is_known_after_closing() -> None:
    step, listeners, _ = open_step(dict.fromkeys(TASKS, 1), ["tagger", "ner"])
    assert step.ran == []
    listeners["tagger"][0].answer.skip()
    listeners["ner"][0].answer(filled(step.docs, 1))
    assert step.ran == ["tagger", "ner"]


def test_documents_are_known_by_identity() -> None:
    step, _, _ = open_step({"ner": 1})
    docs = step.docs
    assert step.is_of(list(docs))
    equal = [Doc(doc.vocab, words=[token.text for token in doc]) for doc in docs]
    others: List[Any] = [docs[:1], docs[::-1], [], equal]
    assert not any(map(step.is_of, others))


def test_answers_are_frozen() -> None:
    answers = Answers({}, {}, {})
    for name in ("d_views", "losses", "units"):
        with pytest.raises(FrozenInstanceError):
            setattr(answers, name, {})


class Halved:
    """A task whose component sends sums: of the gradient over 2 units, of the loss over 4."""

    loss_is_mean = False

    def count_units(self, d_view: Any) -> float:
        return 2.0

    def divisors_of(self, n_units: float) -> Tuple[float, float]:
        return n_units, 2 * n_units


def test_losses_of_stock_components_are_what_the_totals_grow_by() -> None:
    totals = {"tagger": 100.0, "ner": 7.0}
    step, listeners, closed = open_step({"tagger": 1, "ner": 1}, totals=totals)
    totals["tagger"] += 6.0
    listeners["tagger"][0].answer(filled(step.docs, 1))
    listeners["ner"][0].answer.report(loss_of(0.5))
    listeners["ner"][0].answer(filled(step.docs, 1))
    assert closed[0].losses == {"tagger": 6.0, "ner": 0.5}
    assert closed[0].units == {"ner": 3}


def test_sums_of_stock_components_become_means() -> None:
    totals = {"tagger": 100.0}
    adapters = {"tagger": Halved()}
    step, listeners, closed = open_step({"tagger": 1}, totals=totals, adapters=adapters)
    totals["tagger"] += 6.0
    listeners["tagger"][0].answer(filled(step.docs, 1))
    assert closed[0].losses == {"tagger": 1.5}
    assert are_equal(closed[0].d_views["tagger"], filled(step.docs, 0.5))
    assert step.loss_divisors == {"tagger": 4.0}


def test_reported_losses_are_means_as_they_are() -> None:
    step, listeners, closed = open_step({"ner": 1}, adapters={"ner": Halved()})
    listeners["ner"][0].answer.report(loss_of(0.5))
    listeners["ner"][0].answer(filled(step.docs, 1))
    assert closed[0].losses == {"ner": 0.5}
    assert are_equal(closed[0].d_views["ner"], filled(step.docs, 1))


def test_late_losses() -> None:
    """A stock component that stands last adds its loss after its gradient."""
    totals = {"ner": 1.0}
    late = {"ner": 0.75}
    step, listeners, closed = open_step(
        {"ner": 1}, totals=totals, late_losses=late, adapters={"ner": Halved()}
    )
    listeners["ner"][0].answer(filled(step.docs, 1))
    # That of the step before.
    assert closed[0].losses == {"ner": 0.75}
    step.note_late_losses()
    # Nothing came: the last one that is known stays.
    assert late == {"ner": 0.75}
    totals["ner"] += 2.0
    step.note_late_losses()
    assert late == {"ner": 0.5}


def test_losses_that_came_in_time_are_not_late() -> None:
    totals = {"ner": 0.0}
    late = {"ner": 9.0}
    step, listeners, _ = open_step({"ner": 1}, totals=totals, late_losses=late)
    totals["ner"] += 2.0
    listeners["ner"][0].answer(filled(step.docs, 1))
    totals["ner"] += 1.0
    step.note_late_losses()
    assert late == {"ner": 9.0}

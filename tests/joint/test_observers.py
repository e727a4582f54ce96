"""Those who look on while joint steps close."""

from typing import Any, Callable, Dict, List

import pytest
from tiny_corpus import make_examples

from spacy_mtl.joint.observers import Observers
from spacy_mtl.types import Monitor, StepReport

REPORT = StepReport({}, {}, {}, {}, None)


class Equal:
    """Equal to all of its kind, as objects of users may be."""

    def __init__(self) -> None:
        self.seen: List[StepReport] = []

    def __call__(self, report: StepReport) -> None:
        self.seen.append(report)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Equal)

    __hash__ = None


def test_all_are_told_in_order() -> None:
    observers = Observers()
    order: List[str] = []
    for name in "abc":
        observers.subscribe(lambda report, name=name: order.append(name))
    observers.tell(REPORT)
    assert order == ["a", "b", "c"]


def test_unsubscribing() -> None:
    observers, equal = Observers(), [Equal() for _ in range(3)]
    unsubscribe = [observers.subscribe(each) for each in equal]
    unsubscribe[1]()
    observers.tell(REPORT)
    assert [len(each.seen) for each in equal] == [1, 0, 1]
    unsubscribe[1]()
    observers.tell(REPORT)
    assert [len(each.seen) for each in equal] == [2, 0, 2]
    unsubscribe[0]()
    unsubscribe[2]()
    assert observers == []


def test_an_observer_may_leave_while_it_is_told() -> None:
    observers = Observers()
    seen: List[str] = []

    def once(report: StepReport) -> None:
        seen.append("once")
        leave()

    leave = observers.subscribe(once)
    observers.subscribe(lambda report: seen.append("always"))
    observers.tell(REPORT)
    observers.tell(REPORT)
    assert seen == ["once", "always", "always"]


class Counting(Monitor):
    """Has a state."""

    def __init__(self) -> None:
        self.n_steps = 0

    def record(self, losses: Any, gradients: Any, weights: Any) -> None:
        self.n_steps += 1

    def get_state(self) -> Dict[str, Any]:
        return {"n_steps": self.n_steps}

    def set_state(self, state: Dict[str, Any]) -> None:
        self.n_steps = state["n_steps"]


def test_monitor_is_the_observer_with_a_state() -> None:
    observers = Observers()
    seen: List[StepReport] = []
    observers.subscribe(seen.append)
    assert observers.monitor is None
    first, second = Counting(), Counting()
    observers.monitor = first
    assert observers.monitor is first
    observers.monitor = second
    observers.tell(REPORT)
    assert (first.n_steps, second.n_steps, len(seen)) == (0, 1, 1)
    observers.monitor = None
    observers.tell(REPORT)
    assert (second.n_steps, len(seen)) == (1, 2)
    assert observers.monitor is None


def test_one_report_a_step_that_closes(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None)
    mtl = nlp.get_pipe("mtl")
    seen: List[StepReport] = []
    mtl.monitor = Counting()
    unsubscribe = mtl.observers.subscribe(seen.append)
    for kind in (None, "", "tag"):
        nlp.update(make_examples(nlp, kind), sgd=False)
    # Without any gold, nothing is weighed.
    assert [list(report.losses) for report in seen] == [["tagger", "ner", "textcat"], ["tagger"]]
    unsubscribe()
    nlp.update(make_examples(nlp), sgd=False)
    assert len(seen) == 2
    assert mtl.get_training_state()["monitor"] == {"n_steps": 3}


def test_observers_come_after_the_gradient(make_nlp: Callable) -> None:
    """What they raise is theirs, and the encoder has its gradient by then."""
    nlp = make_nlp(encoder=None)
    mtl = nlp.get_pipe("mtl")
    encoder = mtl.model.get_ref("tok2vec")
    found: List[bool] = []

    def look(report: StepReport) -> None:
        found.extend(node.has_grad(name) for node in encoder.walk() for name in node.param_names)
        raise ZeroDivisionError

    mtl.observers.subscribe(look)
    with pytest.raises(ZeroDivisionError):
        nlp.update(make_examples(nlp), sgd=False)
    assert found
    assert all(found)

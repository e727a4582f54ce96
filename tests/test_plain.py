"""Functions and objects used as a weighting or schedule without the base class."""

import inspect
import pickle
from copy import deepcopy
from random import Random
from typing import Any, Dict, List, Optional

import numpy
import pytest

from spacy_mtl.plain import (
    PlainSchedule,
    PlainWeighting,
    as_schedule,
    as_weighting,
    defines,
    giving,
)
from spacy_mtl.registry import registry
from spacy_mtl.types import Combined, Progress, Schedule, Weighting

ROWS = numpy.eye(2, dtype="float32")
LOSSES = {"a": 1.0, "b": 2.0}
PROGRESS = Progress(0, {"one": 0.0}, {"one": 3}, {"one": ["a"]}, Random(0))


def total(losses: Dict[str, float], gradients: Any) -> Combined:
    return Combined(gradients.sum(axis=0), dict.fromkeys(losses, 1.0))


def evenly(progress: Progress) -> Dict[str, float]:
    return dict.fromkeys(progress.sizes, 1.0)


class Full:
    """Has all methods of a weighting and a schedule, and one more attribute."""

    needs_losses = False
    recompute = True
    factor = 3.0

    def __init__(self) -> None:
        self.told: List[Any] = []

    def __call__(self, losses: Any, gradients: Any = None) -> Any:
        return evenly(losses) if gradients is None else total(losses, gradients)

    def check_tasks(self, tasks: Any) -> None:
        self.told.append(("tasks", tasks))

    def check_training(self, gradients: str) -> None:
        self.told.append(("training", gradients))

    def check(self, sizes: Any, tasks: Any) -> None:
        self.told.append(("check", sizes, tasks))

    def observe(self, losses: Any) -> None:
        self.told.append(("observe", losses))

    def observe_losses(self, losses: Any) -> None:
        self.told.append(("losses", losses))

    def observe_scores(self, scores: Any) -> None:
        self.told.append(("scores", scores))

    def get_state(self) -> Dict[str, Any]:
        return {"told": list(self.told)}

    def set_state(self, state: Dict[str, Any]) -> None:
        self.told = list(state["told"])


class OwnWeighting(Weighting):
    """A subclass with one more method than the call."""

    def __init__(self, factor: float = 1.0, *, flag: bool = False) -> None:
        self.factor, self.flag = factor, flag

    def __call__(self, losses: Any, gradients: Any) -> Combined:
        return total(losses, gradients)

    def get_state(self) -> Optional[Dict[str, Any]]:
        return {"factor": self.factor}


def test_weighting_that_is_a_function() -> None:
    found = as_weighting(total)
    assert isinstance(found, Weighting)
    assert found.title == "function"
    assert found(LOSSES, ROWS).gradient.tolist() == [1.0, 1.0]
    # The defaults of the base class.
    assert found.needs_losses is True
    assert found.recompute is False
    assert found.get_state() is None
    for told in (found.check_tasks(["a"]), found.check_training("parameters"), found.observe({})):
        assert told is None
    assert not defines(found, "get_state")
    assert not defines(found, "observe")


def test_schedule_that_is_a_function() -> None:
    found = as_schedule(evenly)
    assert isinstance(found, Schedule)
    assert found.title == "function"
    assert found(PROGRESS) == {"one": 1.0}
    assert not found.needs_losses
    assert not found.needs_scores
    assert found.get_state() is None
    found.check({}, {})
    found.observe_losses({"a": 1.0})
    found.observe_scores({"a": 1.0})


def test_weighting_with_all_methods() -> None:
    full = Full()
    found = as_weighting(full)
    assert found.title == "Full"
    assert found.needs_losses is False
    assert found.recompute is True
    found.check_tasks(["a"])
    found.check_training("parameters")
    found.observe(LOSSES)
    assert full.told == [("tasks", ["a"]), ("training", "parameters"), ("observe", LOSSES)]
    assert found.get_state() == {"told": full.told}
    found.set_state({"told": [1]})
    assert full.told == [1]
    assert all(defines(found, name) for name in ("get_state", "set_state", "observe"))


def test_schedule_with_all_methods() -> None:
    full = Full()
    found = as_schedule(full)
    # It needs what it has a method for, whatever else it says.
    assert found.needs_losses
    assert found.needs_scores
    found.check({"one": 3}, {"one": ["a"]})
    found.observe_losses({"a": 1.0})
    found.observe_scores({"a": 0.5})
    assert full.told == [
        ("check", {"one": 3}, {"one": ["a"]}),
        ("losses", {"a": 1.0}),
        ("scores", {"a": 0.5}),
    ]
    found.set_state({"told": [1]})
    assert found.get_state() == {"told": [1]}


def test_attributes_stay_accessible() -> None:
    found = as_weighting(Full())
    assert found.factor == 3.0
    with pytest.raises(AttributeError, match="another"):
        found.another  # noqa: B018


def test_copies_copy_the_wrapped_object() -> None:
    found = as_weighting(Full())
    found.set_state({"told": ["one"]})
    for copied in (deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert isinstance(copied, PlainWeighting)
        assert copied.told == ["one"]
        assert copied.wrapped is not found.wrapped


def test_base_class_objects_are_not_wrapped() -> None:
    """Nor is a wrapper wrapped again."""
    own = OwnWeighting()
    assert as_weighting(own) is own
    assert own.title == "OwnWeighting"
    assert defines(own, "get_state")
    assert not defines(own, "set_state")
    for adapt, what in ((as_weighting, total), (as_schedule, evenly)):
        once = adapt(what)
        assert adapt(once) is once


def test_schedule_with_a_method_to_observe_needs_it() -> None:
    """Also a subclass that does not set the flag."""

    class Listening(Schedule):
        def observe_losses(self, losses: Any) -> None: ...

    class Deaf(Listening):
        needs_losses = False

        def observe_losses(self, losses: Any) -> None: ...

    for kind, expected in ((Listening, (True, False)), (Deaf, (False, False))):
        assert (kind().needs_losses, kind().needs_scores) == expected
    assert not Schedule().needs_losses


@pytest.mark.parametrize("found", [None, 2.0, "text", [1.0], lambda: None])
def test_what_cannot_be_called_is_returned_unchanged(found: Any) -> None:
    assert as_weighting(found) is found
    assert as_schedule(found) is found


def test_model_is_not_a_weighting() -> None:
    """Although it can be called with two arguments."""
    from thinc.api import Linear

    model = Linear(2, 2)
    assert as_weighting(model) is model


@pytest.mark.parametrize(
    "name, create, kind",
    [
        ("mtl_weightings", lambda: total, PlainWeighting),
        ("mtl_weightings", Full, PlainWeighting),
        ("mtl_weightings", OwnWeighting, OwnWeighting),
        ("mtl_schedules", lambda: evenly, PlainSchedule),
        ("mtl_schedules", Full, PlainSchedule),
    ],
)
def test_registries_return_objects_of_the_base_class(
    name: str, create: Any, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_kind = getattr(registry, name)
    monkeypatch.setattr(type(of_kind).__mro__[1], "get", lambda self, name: create)
    found = registry.resolve({"it": {f"@{name}": "own.v1"}})["it"]
    assert type(found) is kind
    assert isinstance(found, of_kind.kind)


def test_signatures_are_kept() -> None:
    """They are used to check and fill configs."""

    def create(size: int, *, factor: float = 2.0) -> Any:
        """Create it."""
        return total

    found = giving(Weighting, as_weighting, create)
    assert inspect.signature(found) == inspect.signature(create)
    assert (found.__name__, found.__doc__) == ("create", "Create it.")
    assert isinstance(found(1), PlainWeighting)
    assert giving(Weighting, as_weighting, OwnWeighting) is OwnWeighting


def test_all_weightings_are_of_the_base_class() -> None:
    names = [n for n in registry.mtl_weightings.get_all() if n.startswith("spacy_mtl.")]
    assert len(names) == 24
    for name in names:
        create = registry.mtl_weightings.get(name)
        rate = {"learn_rate": 0.1} if "learn_rate" in inspect.signature(create).parameters else {}
        found = create(**rate)
        assert isinstance(found, Weighting)
        assert not isinstance(found, PlainWeighting), name


def test_settings_are_those_of_what_is_wrapped() -> None:
    full = Full()
    found: Any = as_weighting(full)
    found.scale = 3.0
    found.needs_losses = True
    assert full.scale == 3.0
    assert full.needs_losses is True
    assert found.scale == 3.0
    assert found.needs_losses is True


@pytest.mark.parametrize("copied", [deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies_have_settings_of_their_own(copied: Any) -> None:
    found: Any = as_weighting(Full())
    other = copied(found)
    other.scale = 3.0
    assert other.scale == 3.0
    assert not hasattr(found, "scale")


class Told:
    def observe_losses(self, losses: Dict[str, float]) -> None:
        """Takes no note of it."""


class OfTwoClasses(Told, Schedule):
    pass


class WithoutLosses(OfTwoClasses):
    needs_losses = False


def test_schedule_that_inherits_its_method() -> None:
    assert OfTwoClasses.needs_losses
    assert not OfTwoClasses.needs_scores
    assert not WithoutLosses.needs_losses
    assert not type("Below", (WithoutLosses,), {}).needs_losses

"""The setting `weights`: numbers and schedules, and their effect."""

import pickle
from typing import Any, Callable, Dict, Iterator

import pytest
from conflicting_rows import LOSSES, TASKS, rows_of, seeded
from methods import NAMES, ONLY_AT_PARAMETERS, ROWS, block, make
from small_matrix import TWO_LOSSES, TWO_ROWS
from thinc.api import constant, warmup_linear

from spacy_mtl.registry import registry


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.effect])
def test_effect_of_weights(name: str) -> None:
    """As the documentation says, in the first step. (ExcessMTL: what it estimates grows, too.)"""
    rows = rows_of(dtype="float64")
    rows[1:] += 0.55 * rows[0]
    share = []
    for weights in ({}, {"b": 2.0}):
        found = seeded(make(name, weights=weights), LOSSES, rows).weights
        assert sum(map(abs, found.values())) == pytest.approx(4 + bool(weights))
        share.append(found["b"] / sum(found.values()))
    ratio = share[1] / share[0]
    if ROWS[name].effect == "more":
        assert ratio > 1.1
    elif ROWS[name].effect == "less":
        assert ratio < 0.9
    else:
        assert ROWS[name].effect == "none"
        assert ratio == pytest.approx(1, rel=1e-3)


def test_pickled_schedule() -> None:
    """The copy loads, and says why it cannot continue."""
    weighting = make("PCGrad", weights={"a": constant(0.5)})
    weighting(LOSSES, rows_of())
    copied = pickle.loads(pickle.dumps(weighting))
    with pytest.raises(
        ValueError, match="which cannot continue in a pickled or deep copy.*to_disk"
    ):
        copied(LOSSES, rows_of())
    weighting(LOSSES, rows_of())


@pytest.mark.parametrize("name", NAMES)
def test_schedules_that_all_begin_at_0(name: str) -> None:
    def fade() -> Iterator[float]:
        yield from (0.0, 0.0, 0.5, 1.0)

    weighting = make(name, weights={task: fade() for task in TASKS})
    moved = [seeded(weighting, LOSSES, rows_of()).gradient.any() for _ in range(4)]
    assert moved == [False, False, True, True]


@pytest.mark.parametrize("name", NAMES)
def test_scheduled_weights(name: str) -> None:
    """A task is faded in: first it is absent, in the end it has its full weight."""
    fade = {"@schedules": "warmup_linear.v1", "initial_rate": 1.0, "warmup_steps": 4}
    weights = {"b": {**fade, "total_steps": 10**9}, "c": {"@schedules": "constant.v1", "rate": 2.0}}
    weighting = registry.resolve({"weighting": block(name, weights=weights)})["weighting"]
    if name in ("DBMTL", *ONLY_AT_PARAMETERS):
        weighting.check_training("parameters")
    schedule = warmup_linear(1.0, 4, 10**9)
    for step in range(6):
        found = seeded(weighting, LOSSES, rows_of(seed=step)).weights
        value = next(schedule)
        assert (found["b"] == 0) == (value == 0)
        assert sum(map(abs, found.values())) == pytest.approx(4 + value, rel=1e-5)


def test_schedule_continues_after_loading() -> None:
    def weights() -> Dict[str, Any]:
        return {"a": (0.1 * i for i in range(10))}

    weighting = make("Constant", weights=weights())
    for _ in range(3):
        weighting(LOSSES, rows_of())
    continued = make("Constant", weights=weights())
    continued.set_state(weighting.get_state())
    assert continued(LOSSES, rows_of()).weights["a"] == pytest.approx(0.3)
    for _ in range(20):
        last = continued(LOSSES, rows_of()).weights["a"]
    assert last == pytest.approx(0.9)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), "1", None, True, [1.0]])
@pytest.mark.parametrize("name", ["Constant", "PCGrad", "Uncertainty"])
def test_invalid_weight(name: str, weight: Any) -> None:
    with pytest.raises(ValueError, match="The weight of task 'a' is .*finite number >= 0"):
        make(name, weights={"a": weight})


@pytest.mark.parametrize("name", ["Constant", "PCGrad", "Uncertainty"])
def test_schedule_of_the_wrong_sign(name: str) -> None:
    """The error comes when the schedule gets there, and names the step."""

    def falling() -> Iterator[float]:
        yield from (1.0, 0.5, -0.5)

    weighting = make(name, weights={"a": falling()})
    weighting(TWO_LOSSES, TWO_ROWS)
    weighting(TWO_LOSSES, TWO_ROWS)
    with pytest.raises(ValueError, match="The weight of task 'a' is -0.5 at step 2"):
        weighting(TWO_LOSSES, TWO_ROWS)


def test_schedule_without_values() -> None:
    weighting = make("Constant", weights={"a": iter(())})
    with pytest.raises(
        ValueError, match="The weight of task '.' comes from a schedule without values"
    ):
        weighting(TWO_LOSSES, TWO_ROWS)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_task(make_nlp: Callable, name: str) -> None:
    with pytest.raises(ValueError, match="'weights' names 'nerr', but the tasks.*'tagger', 'ner'"):
        make_nlp(("tagger", "ner"), encoder=None, weighting=block(name, weights={"nerr": 1.0}))

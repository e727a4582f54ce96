"""Learned state: kept by task, saved, and reproducible."""

import pickle
from typing import Any, Dict, List

import numpy
import pytest
import srsly
from conflicting_rows import LOSSES, TASKS, rows_of, seeded
from methods import NAMES, RANDOM, STATEFUL, make
from thinc.api import fix_random_seed


def state_by_task(weighting: Any) -> Dict[str, Any]:
    """The state by the task (or tasks) that it belongs to."""
    state = weighting.get_state()
    found: Dict[str, Any] = {}
    for key in ("learned", "first", "before", "histories", "averages", "risks"):
        for task, value in state.get(key, {}).items():
            found[f"{key} {task}"] = srsly.msgpack_dumps(value)
    for a, b, value in state.get("cosines", []):
        found[f"cosines {a} {b}"] = value
    return found


@pytest.mark.parametrize("name", STATEFUL)
def test_absent_tasks_keep_their_state(name: str) -> None:
    """A random subset at every step; the other tasks are absent or have a row of zeros."""
    weighting = make(name, "parameters", **({"every": 2} if name == "DWA" else {}))
    rng = numpy.random.default_rng(0)
    seeded(weighting, LOSSES, rows_of())
    moved = set()
    for step in range(30):
        before = state_by_task(weighting)
        present = [task for task in TASKS if rng.random() < 0.6]
        silent = [task for task in present if rng.random() < 0.2]
        rows = rows_of(seed=step)[[TASKS.index(task) for task in present]]
        rows[[present.index(task) for task in silent]] = 0
        losses = {task: LOSSES[task] * rng.uniform(0.5, 1.5) for task in present}
        combined = weighting(losses, rows)
        assert all(combined.weights[task] == 0 for task in silent)
        active = [task for task in present if task not in silent]
        total = sum(map(abs, combined.weights.values()))
        assert total == pytest.approx(len(active), rel=1e-5)
        after = state_by_task(weighting)
        for key, value in before.items():
            if not set(key.split()[1:]) <= set(active):
                assert after[key] == value, (step, key)
            elif after[key] != value:
                moved.add(key)
    assert moved >= {key for key in before if not key.startswith("first")} - {
        f"cosines {task} {task}" for task in TASKS
    }


@pytest.mark.parametrize("name", ["GradNorm", "DBMTL", "ExcessMTL"])
def test_single_task_updates_its_state(name: str) -> None:
    """It gets its own gradient, and its first loss, average or risk counts."""
    weighting = make(name, "parameters", **({"beta": 0.9} if name == "DBMTL" else {}))
    for step in range(2):
        row = rows_of(seed=step)[:1]
        combined = weighting({"a": 10.0}, row)
        assert combined.weights == {"a": 1.0}
        assert numpy.array_equal(combined.gradient, row[0])
    weighting(LOSSES, rows_of())
    state = weighting.get_state()
    if name == "GradNorm":
        assert state["first"] == {**LOSSES, "a": 10.0}
    else:
        key, place = ("averages", 1) if name == "DBMTL" else ("risks", 2)
        n_steps = {task: values[place] for task, values in state[key].items()}
        assert n_steps == {"a": 3, "b": 1, "c": 1, "d": 1}


@pytest.mark.parametrize("name", NAMES)
def test_restored_state_gives_the_same_next_step(name: str) -> None:
    """Interrupting and continuing changes nothing."""
    weighting = make(name, "parameters")
    subsets = [TASKS, ["a", "c"], ["b", "c", "d"], TASKS]
    for step, tasks in enumerate(subsets):
        rows = rows_of(seed=step)[: len(tasks)]
        seeded(weighting, {task: LOSSES[task] / (step + 1) for task in tasks}, rows)
    state = srsly.msgpack_loads(srsly.msgpack_dumps(weighting.get_state()))
    continued = make(name, "parameters")
    continued.set_state(state)
    for step, tasks in enumerate(subsets):
        rows = rows_of(seed=step + 9)[: len(tasks)]
        losses = {task: LOSSES[task] / (step + 9) for task in tasks}
        expected = seeded(weighting, losses, rows)
        found = seeded(continued, losses, rows)
        assert found.weights == expected.weights
        assert numpy.array_equal(found.gradient, expected.gradient)


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_gives_same_weights(name: str) -> None:
    def run() -> List[Dict[str, float]]:
        fix_random_seed(7)
        weighting = make(name)
        return [weighting(LOSSES, rows_of(seed=step)).weights for step in range(5)]

    assert run() == run()


@pytest.mark.parametrize("name", RANDOM)
def test_another_seed_gives_other_weights(name: str) -> None:
    found = []
    for seed in range(2):
        fix_random_seed(seed)
        found.append([make(name)(LOSSES, rows_of(seed=step)).weights for step in range(5)])
    assert found[0] != found[1]


@pytest.mark.parametrize("name", NAMES)
def test_pickle(name: str) -> None:
    weighting = make(name, weights={"a": 0.5})
    seeded(weighting, LOSSES, rows_of())
    copied = pickle.loads(pickle.dumps(weighting))
    assert seeded(copied, LOSSES, rows_of()).weights == seeded(weighting, LOSSES, rows_of()).weights

"""What holds for all methods: scale, order, tasks that come and go, state."""

import pickle
from typing import Any, Dict, Iterator, List, Sequence

import numpy
import pytest
import srsly
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from methods import BY_GRADIENTS, NAMES, RANDOM, STATEFUL, block, make
from thinc.api import constant, fix_random_seed, warmup_linear

from spacy_mtl.registry import registry

TASKS = ["a", "b", "c", "d"]
LOSSES = dict(zip(TASKS, (1.0, 0.3, 2.0, 0.7)))
NOT_HOMOGENEOUS = ("FairGrad", "NashMTL", "ExcessMTL")
#: FrankWolfe stops, and least squares, where they are near enough.
ROUGH = {"MGDA": 1e-2, "FairGrad": 1e-3, "CAGrad": 1e-3}


def rows_of(n_tasks: int = 4, dtype: str = "float32", seed: int = 0) -> numpy.ndarray:
    """Rows with a conflict between the first and each other."""
    rows = numpy.random.default_rng(seed).standard_normal((n_tasks, 300))
    rows[1:] -= 0.6 * rows[0]
    cosines = rows @ rows[0]
    assert (cosines[1:] < 0).all()
    return rows.astype(dtype)


def seeded(weighting: Any, losses: Dict[str, float], rows: numpy.ndarray) -> Any:
    """A step with the random numbers of seed 0."""
    fix_random_seed(0)
    return weighting(losses, rows)


def direction(vector: numpy.ndarray) -> numpy.ndarray:
    vector = numpy.asarray(vector, dtype="float64")
    assert numpy.isfinite(vector).all()
    assert numpy.linalg.norm(vector) > 0
    return vector / numpy.linalg.norm(vector)


@pytest.mark.parametrize("exponent", range(-12, 13, 3))
@pytest.mark.parametrize("name", NAMES)
def test_scale(name: str, exponent: int) -> None:
    """The direction of s times the matrix, 1e-12 to 1e12, is s times its direction."""
    scale = 10.0**exponent
    expected = seeded(make(name), LOSSES, rows_of()).gradient.astype("float64")
    found = seeded(make(name), LOSSES, rows_of() * numpy.float32(scale)).gradient
    if name == "ExcessMTL":
        assert numpy.isfinite(found).all()
        return
    error = numpy.linalg.norm(found / scale - expected) / numpy.linalg.norm(expected)
    assert error < 1e-4


@pytest.mark.parametrize("name", NOT_HOMOGENEOUS)
@pytest.mark.parametrize("scale", [1e-12, 1e-4, 1e4, 1e12])
def test_scale_of_those_that_have_one(name: str, scale: float) -> None:
    """On the published scale: finite, not zero, the same direction."""
    found = seeded(make(name, normalize=False), LOSSES, rows_of() * numpy.float32(scale)).gradient
    if name == "ExcessMTL":
        assert numpy.isfinite(found).all()
        return
    expected = seeded(make(name, normalize=False), LOSSES, rows_of()).gradient
    assert direction(found) == pytest.approx(direction(expected), abs=1e-4)


def test_published_scale_of_those_that_have_one() -> None:
    """Nash-MTL always steps as far as the root of the number of tasks."""
    for name in ("NashMTL", "FairGrad"):
        for scale in (1e-6, 1.0, 1e6):
            rows = rows_of(dtype="float64") * scale
            combined = make(name, normalize=False)(LOSSES, rows)
            assert numpy.linalg.norm(combined.gradient) == pytest.approx(2.0, rel=1e-3)


def some_present(n_steps: int = 6) -> Iterator[List[str]]:
    """A random subset of the tasks at each step, one task or none among them."""
    rng = numpy.random.default_rng(1)
    for _ in range(n_steps - 2):
        yield [task for task in TASKS if rng.random() < 0.7]
    yield from (["c"], TASKS)


def run_with_some(
    weighting: Any, scale: float = 1.0, order: Sequence[str] = TASKS, which: str = ""
) -> List[Any]:
    """What a weighting gives in steps with some of the tasks.

    scale: Of all gradients, or of that of the task `which`.
    """
    found = []
    for step, present in enumerate(some_present()):
        tasks = [task for task in order if task in present]
        rows = rows_of(seed=step)[[TASKS.index(task) for task in tasks]]
        factors = [scale if which in (task, "") else 1.0 for task in tasks]
        rows *= numpy.asarray(factors, dtype="float32").reshape((-1, 1))
        losses = {task: LOSSES[task] / (1 + 0.1 * step) for task in tasks}
        found.append(seeded(weighting, losses, rows))
    return found


def test_subsets_are_of_all_sizes() -> None:
    assert {len(present) for present in some_present()} >= {1, 3, 4}


@pytest.mark.parametrize("scale", [1e-12, 1e-4, 1e4, 1e12])
@pytest.mark.parametrize("name", NAMES)
def test_scale_with_some_of_the_tasks(name: str, scale: float) -> None:
    """The same over steps, with state, each with a random subset."""
    expected = run_with_some(make(name))
    for step, combined in enumerate(run_with_some(make(name), scale)):
        if name == "ExcessMTL":
            assert numpy.isfinite(combined.gradient).all()
            continue
        reference = expected[step].gradient.astype("float64")
        error = numpy.linalg.norm(combined.gradient / scale - reference)
        assert error <= 1e-4 * numpy.linalg.norm(reference), step


@pytest.mark.parametrize("spread", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("name", NAMES)
def test_unlike_length_with_some_of_the_tasks(name: str, spread: float) -> None:
    for which in TASKS:
        for combined in run_with_some(make(name), spread, which=which):
            if combined.weights:
                direction(combined.gradient)


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(RANDOM)))
def test_order_with_some_of_the_tasks(name: str) -> None:
    expected = run_with_some(make(name))
    for step, combined in enumerate(run_with_some(make(name), order="dbac")):
        tolerance = ROUGH.get(name, 1e-5)
        assert combined.weights == pytest.approx(expected[step].weights, rel=tolerance), step


@pytest.mark.parametrize("factor", [1e-8, 1e-4, 1e4])
@pytest.mark.parametrize("name", [name for name in BY_GRADIENTS if name != "ExcessMTL"])
def test_scale_of_weights(name: str, factor: float) -> None:
    """Faded in together, tasks are combined as they are at full weight. (By losses they are
    not: the weights are factors of the losses, and the size of a loss says something.)"""
    expected = run_with_some(make(name))
    found = run_with_some(make(name, weights=dict.fromkeys(TASKS, factor)))
    for step, (one, other) in enumerate(zip(expected, found)):
        error = numpy.linalg.norm(other.gradient / factor - one.gradient)
        assert error <= 1e-3 * numpy.linalg.norm(one.gradient), step


@pytest.mark.parametrize("lengths", [(0.1, 0.02, 0.32), (1, 0.05, 0.0014), (1, 0.01, 1)])
@pytest.mark.parametrize("name", ["UPGrad", "DualProj"])
def test_no_task_is_hurt(name: str, lengths: Sequence[float]) -> None:
    """But by the regularization, which is torchjd's by default."""
    rows = rows_of(3, "float64") * numpy.asarray(lengths).reshape((-1, 1))
    losses = dict(zip("abc", (1.0, 1.0, 1.0)))

    def worst(**settings: float) -> float:
        combined = make(name, **settings)(losses, rows).gradient
        cosines = rows @ combined / numpy.linalg.norm(rows, axis=1) / numpy.linalg.norm(combined)
        return float(cosines.min())

    assert worst(reg_eps=1e-12) > -1e-4
    assert worst() < worst(reg_eps=1e-12)


def test_gradvac_keeps_cosines_of_short_rows() -> None:
    rows = rows_of(3, "float64")
    averages = []
    for length in (1.0, 1e-6):
        weighting = make("GradVac")
        seeded(weighting, dict.fromkeys("abc", 1.0), rows * [[1], [length], [length]])
        averages.append(weighting.get_state()["cosines"])
    assert [value for *_, value in averages[1]] == pytest.approx([v for *_, v in averages[0]])


@pytest.mark.parametrize("spread", [1e2, 1e4, 1e6])
@pytest.mark.parametrize("name", NAMES)
def test_rows_of_unlike_length(name: str, spread: float) -> None:
    for which in range(4):
        rows = rows_of()
        rows[which] /= numpy.float32(spread)
        direction(seeded(make(name), LOSSES, rows).gradient)
        rows = rows_of()
        rows[which] *= numpy.float32(spread)
        direction(seeded(make(name), LOSSES, rows).gradient)


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(RANDOM)))
def test_order_of_tasks(name: str) -> None:
    """Permuting the tasks permutes the weights, over several steps. (Not where the order is
    drawn, or the numbers: PCGrad, GradVac, RLW; GradDrop draws by value, so it is symmetric.)"""
    one, other = make(name), make(name)
    for step in range(3):
        rows = rows_of(seed=step)
        found = one(LOSSES, rows).weights
        permutation = [2, 0, 3, 1]
        losses = {TASKS[i]: LOSSES[TASKS[i]] for i in permutation}
        permuted = other(losses, rows[permutation]).weights
        tolerance = ROUGH.get(name, 1e-5)
        assert permuted == pytest.approx({task: found[task] for task in losses}, rel=tolerance)


def test_order_of_tasks_in_graddrop() -> None:
    rows = rows_of()
    permutation = [2, 0, 3, 1]
    losses = {TASKS[i]: LOSSES[TASKS[i]] for i in permutation}
    found = seeded(make("GradDrop"), LOSSES, rows)
    permuted = seeded(make("GradDrop"), losses, rows[permutation])
    assert numpy.allclose(found.gradient, permuted.gradient, atol=1e-5)


def state_by_task(weighting: Any) -> Dict[str, Any]:
    """The state, sorted by the task (or tasks) that it belongs to."""
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
    """A random subset at every step: absent, or a row of zeros, or weight 0."""
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
def test_a_task_alone_is_taken_note_of(name: str) -> None:
    """It has its own gradient, and its first loss, average or risk counts."""
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


def test_excess_mtl_waits_for_those_that_warm_up() -> None:
    """A task that joins later, or is rarer, does not find the weight given away."""
    weighting = make("ExcessMTL", warmup_steps=20)
    for step in range(60):
        tasks = ["a", "c"] if step < 30 else ["a", "b", "c"]
        rows = rows_of(seed=step)[[TASKS.index(task) for task in tasks]]
        weights = weighting({task: LOSSES[task] for task in tasks}, rows).weights
        if 30 <= step < 50:
            assert weights["b"] == pytest.approx(1.0)
    assert weights["b"] > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_all_rows_zero(name: str) -> None:
    weighting = make(name)
    seeded(weighting, LOSSES, rows_of())
    before = srsly.msgpack_dumps(weighting.get_state())
    if name != "Constant":
        combined = weighting(LOSSES, rows_of() * 0)
        assert not combined.gradient.any()
        assert combined.gradient.shape == (300,)
        assert combined.weights == dict.fromkeys(TASKS, 0.0)
        assert srsly.msgpack_dumps(weighting.get_state()) == before
    else:
        assert not weighting(LOSSES, rows_of() * 0).gradient.any()


@pytest.mark.parametrize("name", NAMES)
def test_weight_of_zero_is_absence(name: str) -> None:
    losses = dict(LOSSES)
    found = seeded(make(name, weights={"c": 0.0}), losses, rows_of())
    del losses["c"]
    expected = seeded(make(name), losses, rows_of()[[0, 1, 3]])
    assert found.weights.pop("c") == 0
    assert found.weights == pytest.approx(expected.weights)
    assert numpy.allclose(found.gradient, expected.gradient, atol=1e-5)


#: What twice the preference does to a task's share: more, nothing, or less.
EFFECT = {
    "more": (
        ["Constant", "RLW", "STCH", "DWA", "GradDrop", "UPGrad", "DualProj", "AlignedMTL"]
        + ["ConFIG", "DBMTL", "Uncertainty", "IMTLL", "GradNorm", "PCGrad", "GradVac"]
        + ["CAGrad"]
    ),
    "none": ["GLS", "FAMO", "IMTLG", "NashMTL", "FairGrad"],
    "less": ["MGDA"],
}


@pytest.mark.parametrize("effect", EFFECT)
def test_effect_of_weights(effect: str) -> None:
    """As the documentation says, in the first step. (ExcessMTL: what it estimates grows, too.)"""
    rows = rows_of(dtype="float64")
    rows[1:] += 0.55 * rows[0]
    for name in EFFECT[effect]:
        share = []
        for weights in ({}, {"b": 2.0}):
            found = seeded(make(name, weights=weights), LOSSES, rows).weights
            assert sum(map(abs, found.values())) == pytest.approx(4 + bool(weights))
            share.append(found["b"] / sum(found.values()))
        ratio = share[1] / share[0]
        if effect == "more":
            assert ratio > 1.1, name
        elif effect == "less":
            assert ratio < 0.9, name
        else:
            assert ratio == pytest.approx(1, rel=1e-3), name
    assert {name for names in EFFECT.values() for name in names} == set(NAMES) - {"ExcessMTL"}


@pytest.mark.parametrize("name", NAMES)
def test_state_brings_the_same_next_step(name: str) -> None:
    """Interrupted and continued equals uninterrupted."""
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
def test_same_seed_same_weights(name: str) -> None:
    def run() -> List[Dict[str, float]]:
        fix_random_seed(7)
        weighting = make(name)
        return [weighting(LOSSES, rows_of(seed=step)).weights for step in range(5)]

    assert run() == run()


@pytest.mark.parametrize("name", RANDOM)
def test_another_seed_other_weights(name: str) -> None:
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


def test_pickled_schedule() -> None:
    """It is there, and says so when it is to go on."""
    weighting = make("PCGrad", weights={"a": constant(0.5)})
    weighting(LOSSES, rows_of())
    copied = pickle.loads(pickle.dumps(weighting))
    with pytest.raises(ValueError, match="does not go on in a copy that was pickled"):
        copied(LOSSES, rows_of())
    weighting(LOSSES, rows_of())


@pytest.mark.parametrize("name", NAMES)
def test_schedules_that_all_begin_at_0(name: str) -> None:
    def fade() -> Iterator[float]:
        yield from (0.0, 0.0, 0.5, 1.0)

    weighting = make(name, weights={task: fade() for task in TASKS})
    moved = [seeded(weighting, LOSSES, rows_of()).gradient.any() for _ in range(4)]
    assert moved == [False, False, True, True]


@pytest.mark.parametrize("spread", [1.0, 1e3, 1e6, 1e7])
@pytest.mark.parametrize("name", NAMES)
def test_disjoint_rows(name: str, spread: float) -> None:
    """Tasks with gold on different documents, one of them with a far shorter gradient."""
    rows = numpy.zeros((4, 400), dtype="float32")
    for i in range(4):
        rows[i, 100 * i : 100 * (i + 1)] = numpy.random.default_rng(i).standard_normal(100)
    rows[2] /= numpy.float32(spread)
    combined = seeded(make(name), LOSSES, rows)
    direction(combined.gradient)
    assert all(weight > 0 for weight in combined.weights.values()) or spread > 1
    # Many that are the same beside it.
    many = numpy.concatenate([rows[[2]], *[rows[[0]]] * 11])
    losses = {f"task{i}": 1.0 for i in range(12)}
    direction(seeded(make(name), losses, many).gradient)


@pytest.mark.parametrize("spread", [1.0, 1e2, 1e4, 1e6])
def test_fairgrad_with_alpha_1_is_nash_mtl(spread: float) -> None:
    rows = rows_of(dtype="float64")
    rows[1] /= spread
    expected = make("NashMTL")(LOSSES, rows).gradient
    found = make("FairGrad")(LOSSES, rows).gradient
    assert numpy.linalg.norm(found - expected) < 1e-4 * numpy.linalg.norm(expected)


@pytest.mark.parametrize("alpha", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("spread", [1.0, 1e3])
def test_fairgrad_solves_its_equation(alpha: float, spread: float) -> None:
    rows = rows_of(dtype="float64")
    rows[1] /= spread
    weights = make("FairGrad", alpha=alpha, normalize=False)(LOSSES, rows).weights
    w = numpy.asarray(list(weights.values()))
    assert (w ** (1 / alpha) * (rows @ rows.T @ w)) == pytest.approx(numpy.ones(4), rel=1e-2)


def test_imtlg_does_not_go_uphill() -> None:
    """Where the published weights are divided by a sum below 0, they lead uphill for all."""
    rows = numpy.asarray([[1.0, 0, 0], [0, 1, 0], [0.007, 0.007, 0.0014]])
    losses = dict(zip("abc", (1.0, 1.0, 1.0)))
    assert (rows @ make("IMTLG", normalize=False)(losses, rows).gradient < 0).all()
    assert (rows @ make("IMTLG")(losses, rows).gradient > 0).all()


def test_dwa_with_a_schedule() -> None:
    """What a schedule does to a weight is no loss that grows."""
    weighting = make("DWA", every=2, weights={"a": (0.1 if i < 4 else 1.0 for i in range(99))})
    losses = {"a": 1.0, "b": 1.0}
    for _ in range(7):
        found = weighting(losses, rows_of(2)).weights
    assert found == pytest.approx({"a": 1.0, "b": 1.0})


@pytest.mark.parametrize("name", ["DBMTL", "ExcessMTL"])
def test_encoder_with_other_parameters(name: str) -> None:
    weighting = make(name, "parameters")
    weighting(LOSSES, rows_of())
    with pytest.warns(UserWarning, match=f"{name} begins anew with the task 'a'"):
        combined = weighting(LOSSES, rows_of()[:, :200].copy())
    assert combined.gradient.shape == (200,)


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_left_alone(name: str) -> None:
    rows = rows_of()
    rows.flags.writeable = False
    losses = dict(LOSSES)
    combined = seeded(make(name), losses, rows)
    assert losses == LOSSES
    assert combined.gradient.dtype == "float32"
    assert not numpy.shares_memory(combined.gradient, rows)


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_is_computed_in_single(name: str) -> None:
    found = seeded(make(name), LOSSES, rows_of().astype("float16")).gradient
    expected = seeded(make(name), LOSSES, rows_of().astype("float16").astype("float32")).gradient
    assert numpy.allclose(found, expected, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("name", NAMES)
def test_scheduled_weights(name: str) -> None:
    """A task is faded in: absent first, in the end it has its weight in full."""
    fade = {"@schedules": "warmup_linear.v1", "initial_rate": 1.0, "warmup_steps": 4}
    weights = {"b": {**fade, "total_steps": 10**9}, "c": {"@schedules": "constant.v1", "rate": 2.0}}
    weighting = registry.resolve({"weighting": block(name, weights=weights)})["weighting"]
    if name in ("DBMTL", "ExcessMTL"):
        weighting.check_training("parameters")
    schedule = warmup_linear(1.0, 4, 10**9)
    for step in range(6):
        found = seeded(weighting, LOSSES, rows_of(seed=step)).weights
        value = next(schedule)
        assert (found["b"] == 0) == (value == 0)
        assert sum(map(abs, found.values())) == pytest.approx(4 + value, rel=1e-5)


def test_schedule_goes_on_after_loading() -> None:
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


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(BY_GRADIENTS),
    n_tasks=st.integers(2, 6),
    seed=st.integers(0, 10**6),
    exponents=st.lists(st.integers(-3, 3), min_size=6, max_size=6),
    rank=st.integers(1, 6),
)
def test_any_rows(name: str, n_tasks: int, seed: int, exponents: Sequence[int], rank: int) -> None:
    """Rows that depend on each other, of any length: finite, and what the weights say."""
    rng = numpy.random.default_rng(seed)
    rows = rng.standard_normal((n_tasks, rank)) @ rng.standard_normal((rank, 50))
    rows = (rows * 10.0 ** numpy.asarray(exponents[:n_tasks])[:, None]).astype("float32")
    losses = {f"task{i}": float(loss) for i, loss in enumerate(rng.uniform(0.01, 5, n_tasks))}
    torch.manual_seed(seed)
    combined = make(name)(losses, rows)
    weights = numpy.asarray(list(combined.weights.values()))
    assert numpy.isfinite(weights).all()
    assert numpy.isfinite(combined.gradient).all()
    if name != "GradDrop":
        size = numpy.abs(rows).max()
        assert numpy.allclose(combined.gradient, weights @ rows, rtol=1e-4, atol=1e-5 * size)

"""Every method on one matrix and one vector of losses, against values derived by hand.

And against torchjd, on rows of a network, where it has the method.
"""

from typing import Any, Dict, List, Sequence

import numpy
import pytest
import torch
from methods import BY_LOSSES, NAMES, RANDOM, SUMS, TORCHJD, make

# Two tasks in conflict: cosine -0.6, lengths 1 and 2. The third is orthogonal to both.
ROWS = numpy.asarray([[1.0, 0, 0], [-1.2, 1.6, 0], [0, 0, 0.5]], dtype="float64")
LOSSES = {"a": 1.0, "b": 0.5, "c": 2.0}
# G = [[1, -1.2, 0], [-1.2, 4, 0], [0, 0, 0.25]].


def normalized(weights: Sequence[float], total: float = 3.0) -> numpy.ndarray:
    """Weights brought to a total of their sizes."""
    found = numpy.asarray(weights, dtype="float64")
    return found * (total / numpy.abs(found).sum())


def call(weighting: Any, losses: Dict[str, float] = LOSSES, rows: Any = ROWS) -> numpy.ndarray:
    """The effective weights, after a check that they make the gradient."""
    combined = weighting(losses, rows)
    found = numpy.asarray([combined.weights[task] for task in losses])
    assert list(combined.weights) == list(losses)
    assert numpy.allclose(combined.gradient, found @ rows, rtol=1e-9, atol=0)
    return found


# By hand. PCGrad: a loses its part against b (+1.2/4 b), b its part against a (+1.2 a).
SQRT = numpy.sqrt
BY_HAND = {
    "Constant": [1, 1, 1],
    # 1 / loss.
    "GLS": normalized([1, 2, 0.5]),
    # exp(-0) / 2 for all, exp(0) for all, no two epochs yet.
    "Uncertainty": [1, 1, 1],
    "IMTLL": [1, 1, 1],
    "DWA": [1, 1, 1],
    # Equal shares, divided by the losses.
    "FAMO": normalized([1, 2, 0.5]),
    # Softmax of losses / 3 / mu with mu = 0.1.
    "STCH": normalized(numpy.exp(numpy.asarray([1, 0.5, 2]) / 0.3)),
    "GradNorm": [1, 1, 1],
    "PCGrad": normalized([1 + 1.2, 1 + 0.3, 1]),
    # The shortest convex combination: a and b first (t = (4 + 1.2) / (1 + 4 + 2.4) of a,
    # squared length 2.56 / 7.4), then against c (0.25).
    "MGDA": normalized(
        [
            0.25 * 5.2 / 7.4,
            0.25 * 2.2 / 7.4,
            2.56 / 7.4,
        ]
    ),
    # G w = lengths: solve for equal projections on unit rows.
    "IMTLG": normalized([(4 + 1.2 * 2) / 2.56, (2 + 1.2) / 2.56, 0.5 / 0.25]),
    # Unit rows u: (u u') x = 1, then divided by the lengths.
    "ConFIG": normalized([1 / (1 - 0.6), 1 / (1 - 0.6) / 2, 1 / 0.5]),
    # G w = 1 / w. For two rows of cosine k and lengths 1: w = 1 / sqrt(1 + k).
    "NashMTL": normalized([1 / SQRT(0.4), 1 / SQRT(0.4) / 2, 1 / 0.5]),
    "FairGrad": normalized([1 / SQRT(0.4), 1 / SQRT(0.4) / 2, 1 / 0.5]),
    # Rows of one length. (At the representation; gradients of logarithms.)
    "DBMTL": normalized([1, 1 / 2, 1 / 0.5]),
    # UPGrad: each row projected on the cone of G v >= 0: as PCGrad for two rows.
    "UPGrad": normalized([1 + 1.2, 1 + 0.3, 1]),
    # The sum does not conflict with a? G 1 = [-0.2, 2.8, 0.25]: it does. v_a = 1.2.
    "DualProj": normalized([1.2, 1, 1]),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_value_by_hand(name: str) -> None:
    tolerance = 1e-3 if name in ("UPGrad", "DualProj", "MGDA", "FairGrad") else 1e-6
    assert call(make(name)) == pytest.approx(BY_HAND[name], rel=tolerance)


def test_cagrad_by_hand() -> None:
    """Two rows of one length: the worst-off is where g0 + c |g0| g_w / |g_w| is best for both.

    By symmetry g_w = g0: weights 1 / 2 + c / 2 each, normalized to 1 each. With lengths that
    differ: against a search.
    """
    rows = numpy.asarray([[1.0, 0], [-0.6, 0.8]])
    found = call(make("CAGrad"), {"a": 1.0, "b": 1.0}, rows)
    assert found == pytest.approx([1, 1], rel=1e-3)
    mean = ROWS.mean(axis=0)
    radius = 0.5 * numpy.linalg.norm(mean)
    grid = numpy.linspace(0, 1, 401)
    best, where = numpy.inf, None
    for x in grid:
        for y in grid[grid <= 1 - x]:
            g_w = numpy.asarray([x, y, 1 - x - y]) @ ROWS
            value = g_w @ mean + radius * numpy.linalg.norm(g_w)
            if value < best:
                best, where = value, numpy.asarray([x, y, 1 - x - y])
    expected = 1 / 3 + radius / numpy.linalg.norm(where @ ROWS) * where
    assert call(make("CAGrad")) == pytest.approx(normalized(expected), rel=1e-2)


def test_aligned_mtl_by_hand() -> None:
    """B = smallest singular value of the rows times the inverse root of the Gramian."""
    values, vectors = numpy.linalg.eigh(ROWS @ ROWS.T)
    balance = vectors @ numpy.diag(SQRT(values[0] / values)) @ vectors.T
    assert call(make("AlignedMTL")) == pytest.approx(normalized(balance @ numpy.ones(3)))


def test_graddrop_by_hand() -> None:
    """The first value is drawn between a (1) and b (-1.2), the others have one sign only."""
    for seed in range(8):
        torch.manual_seed(seed)
        combined = make("GradDrop", normalize=False)(LOSSES, ROWS)
        torch.manual_seed(seed)
        takes_a = float(torch.rand(3, dtype=torch.float64)[0]) < 0.5 * (1 - 0.2 / 2.2)
        assert combined.gradient == pytest.approx([1.0 if takes_a else -1.2, 1.6, 0.5])
        shares = [float(takes_a), (1.44 * (not takes_a) + 2.56) / 4, 1.0]
        assert list(combined.weights.values()) == pytest.approx(shares)


def test_excess_mtl_by_hand() -> None:
    """First: squares g2, so g2 / |g| summed: the 1-norms. Weights are their softmax."""
    risks = numpy.asarray([1.0, 2.8, 0.5])
    weighting = make("ExcessMTL")
    first = numpy.exp(risks)
    assert call(weighting) == pytest.approx(normalized(first), rel=1e-5)
    # Then: g2 / (sqrt(2) |g|) relative to that.
    second = numpy.exp(risks + 1 / SQRT(2))
    assert call(weighting) == pytest.approx(normalized(second), rel=1e-5)


def test_gradvac_by_hand() -> None:
    """Average cosines start at 0, so that only a and b conflict; then they follow."""
    weighting = make("GradVac", normalize=False)
    # a gets w = |a| (0 * 0.8 + 0.6 * 1) / |b| = 0.3 of b, and b 2 * 0.6 / 1 = 1.2 of a.
    assert call(weighting) == pytest.approx([1 + 1.2, 1 + 0.3, 1])
    averages = {(a, b): value for a, b, value in weighting.get_state()["cosines"] if a < b}
    assert averages == pytest.approx({("a", "b"): -0.3, ("a", "c"): 0.0, ("b", "c"): 0.0})


def test_rlw_by_hand() -> None:
    weighting = make("RLW")
    torch.manual_seed(3)
    numbers = torch.randn(3, dtype=torch.float64).numpy()
    torch.manual_seed(3)
    assert call(weighting) == pytest.approx(normalized(numpy.exp(numbers)))


def test_dwa_by_hand() -> None:
    """Two epochs of two steps: means 4, 1 and 2, 1. Weights exp(1 / 2 / T), exp(1 / T)."""
    weighting = make("DWA", every=2)
    rows = ROWS[:2]
    for a in (3.0, 5.0, 2.5, 1.5):
        assert call(weighting, {"a": a, "b": 1.0}, rows) == pytest.approx([1, 1])
    expected = normalized(numpy.exp([0.5 / 2, 1 / 2]), 2.0)
    assert call(weighting, {"a": 9.0, "b": 9.0}, rows) == pytest.approx(expected)


def test_gradnorm_by_hand() -> None:
    """Lengths 1, 2, 0.5, mean 3.5 / 3, equal rates: a and c are too short, b is too long."""
    weighting = make("GradNorm", learn_rate=0.1)
    call(weighting)
    # One step of Adam is of the size of its rate.
    assert call(weighting) == pytest.approx(normalized([1.1, 0.9, 1.1]))
    # b has not learned, a has halved: b gets more. It is Adam's second step, the first was 0.
    weighting = make("GradNorm", learn_rate=0.1)
    losses = {"a": 1.0, "b": 1.0}
    rows = numpy.eye(2)
    call(weighting, losses, rows)
    call(weighting, {"a": 0.5, "b": 1.0}, rows)
    found = call(weighting, {"a": 0.5, "b": 1.0}, rows)
    step = 0.1 * (0.1 / 0.19) / SQRT(0.001 / 0.001999)
    assert found == pytest.approx([1 - step, 1 + step])


def test_uncertainty_by_hand() -> None:
    """ds of exp(-s) / 2 * loss + s / 2 at 0: (1 - loss) / 2. Adam steps by its rate against it."""
    weighting = make("Uncertainty", learn_rate=0.1, normalize=False)
    assert call(weighting) == pytest.approx([0.5, 0.5, 0.5])
    expected = 0.5 * numpy.exp(-numpy.asarray([0.0, -0.1, 0.1]))
    assert call(weighting) == pytest.approx(expected, rel=1e-6)


def test_imtll_by_hand() -> None:
    """ds of exp(s) * loss - s at 0: loss - 1."""
    weighting = make("IMTLL", learn_rate=0.1, normalize=False)
    assert call(weighting) == pytest.approx([1, 1, 1])
    assert call(weighting) == pytest.approx(numpy.exp([0.0, 0.1, -0.1]), rel=1e-6)


def test_famo_by_hand() -> None:
    """a has halved, b has not moved: Adam's first step is its rate, down for a, up for b."""
    weighting = make("FAMO", learn_rate=0.1, weight_decay=0.0)
    rows = numpy.eye(2)
    assert call(weighting, {"a": 2.0, "b": 1.0}, rows) == pytest.approx(normalized([1, 2], 2.0))
    shares = numpy.exp([-0.1, 0.1])
    found = call(weighting, {"a": 1.0, "b": 1.0}, rows)
    assert found == pytest.approx(normalized(shares, 2.0), rel=1e-5)


def test_dbmtl_by_hand() -> None:
    """Moving averages of g / loss, brought to one length."""
    weighting = make("DBMTL", "parameters", beta=0.5, decay=1.0)
    losses = {"a": 2.0, "b": 1.0}
    first = numpy.asarray([[2.0, 0], [0, 3.0]])
    second = numpy.asarray([[0, 2.0], [0, 3.0]])
    # Step 1: beta 0.5 of zeros: [0.5, 0] and [0, 1.5].
    combined = weighting(losses, first)
    # Step 2: beta 0.25: a = 0.75 * [0, 1] + 0.25 * [0.5, 0]; b = 0.75 * [0, 3] + 0.25 * [0, 1.5].
    combined = weighting(losses, second)
    a = numpy.asarray([0.125, 0.75])
    b = numpy.asarray([0, 2.625])
    expected = a / numpy.linalg.norm(a) + b / numpy.linalg.norm(b)
    direction = combined.gradient / numpy.linalg.norm(combined.gradient)
    assert direction == pytest.approx(expected / numpy.linalg.norm(expected))
    assert sum(combined.weights.values()) == pytest.approx(2)


def steps_of(n_tasks: int, n_steps: int = 5) -> List[Any]:
    """Losses and rows of some steps, of lengths that differ, some in conflict."""
    rng = numpy.random.default_rng(n_tasks)
    steps = []
    for _ in range(n_steps):
        rows = rng.standard_normal((n_tasks, 40)) * rng.uniform(0.5, 2, (n_tasks, 1))
        rows[1:] -= 0.4 * rows[0]
        steps.append((rng.uniform(0.2, 2.0, n_tasks), rows))
    return steps


def expected_of(name: str, method: Any, optimizer: Any, losses: Any, rows: Any) -> numpy.ndarray:
    """What torchjd makes of a step, in its own state."""
    if name not in BY_LOSSES:
        return method(torch.from_numpy(rows)).numpy()
    values = torch.tensor(losses, requires_grad=True)
    method(values).backward()
    if optimizer is not None:
        optimizer.step()
        optimizer.zero_grad()
    return values.grad.numpy() @ rows


@pytest.mark.parametrize("n_tasks", [2, 3, 8])
@pytest.mark.parametrize("name", TORCHJD)
def test_equals_torchjd(name: str, n_tasks: int) -> None:
    """On the published scale, over five steps. Departures: `SUMS`, one task, zero rows."""
    settings = {"every": 1} if name == "DWA" else {}
    weighting = make(name, normalize=False, **settings)
    method = TORCHJD[name](n_tasks)
    learns = name in ("Uncertainty", "IMTLL")
    optimizer = torch.optim.Adam(method.parameters(), lr=0.025) if learns else None
    tasks = [f"task{i}" for i in range(n_tasks)]
    for step, (losses, rows) in enumerate(steps_of(n_tasks)):
        torch.manual_seed(step)
        if name == "FAMO" and step:
            method.update(torch.from_numpy(losses))
        expected = expected_of(name, method, optimizer, losses, rows)
        if name == "DWA":
            method.step()
        torch.manual_seed(step)
        found = weighting(dict(zip(tasks, losses.tolist())), rows).gradient
        factor = n_tasks if name in SUMS else 1
        error = numpy.linalg.norm(found - factor * expected) / numpy.linalg.norm(found)
        assert error < (1e-3 if weighting.solvers else 1e-5), step


def test_every_method_has_a_value() -> None:
    by_hand = {*BY_HAND, "CAGrad", "AlignedMTL", "GradDrop", "ExcessMTL", "GradVac", "RLW"}
    assert by_hand == set(NAMES)
    ours_alone = {"Constant", "GradNorm", "DBMTL", "NashMTL"}
    assert {*TORCHJD, *ours_alone} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_one_task_gives_its_own_gradient(name: str) -> None:
    for settings in ({}, {"weights": {"a": 3.0}}):
        combined = make(name, **settings)({"a": 0.7}, ROWS[:1])
        weight = 3.0 if settings else 1.0
        assert numpy.allclose(combined.gradient, weight * ROWS[0])
        assert combined.weights == pytest.approx({"a": weight})


PLANTED = {
    "equal": numpy.asarray([[1.0, 2, 2]] * 2),
    "opposite": numpy.asarray([[1.0, 2, 2], [-1, -2, -2]]),
    "orthogonal": numpy.asarray([[1.0, 2, 2], [2, 1, -2]]),
}


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("name", sorted(set(NAMES) - set(RANDOM)))
def test_planted_rows(name: str, kind: str) -> None:
    """Equal and orthogonal rows of one length: the sum. Opposite rows cancel."""
    rows = PLANTED[kind].astype("float32")
    combined = make(name)({"a": 1.0, "b": 1.0}, rows)
    assert numpy.isfinite(combined.gradient).all()
    assert numpy.allclose(combined.gradient, rows.sum(axis=0), atol=1e-4)


@pytest.mark.parametrize("kind", ["equal", "orthogonal"])
def test_planted_rows_of_surgery(kind: str) -> None:
    """Without conflict nothing is cut, whatever the order."""
    rows = PLANTED[kind]
    for name in ("PCGrad", "GradVac", "GradDrop"):
        combined = make(name, normalize=False)({"a": 1.0, "b": 1.0}, rows)
        if name == "GradDrop" and kind == "orthogonal":
            # The last values conflict: one of them is left.
            assert combined.gradient[:2] == pytest.approx([3, 3])
            assert abs(combined.gradient[2]) == pytest.approx(2)
        else:
            assert combined.gradient == pytest.approx(rows.sum(axis=0))


def test_opposite_rows_of_surgery() -> None:
    rows = PLANTED["opposite"]
    losses = {"a": 1.0, "b": 1.0}
    assert make("PCGrad")(losses, rows).gradient == pytest.approx([0, 0, 0])
    assert make("GradVac")(losses, rows).gradient == pytest.approx([0, 0, 0])
    kept = make("GradDrop", normalize=False)(losses, rows).gradient
    assert numpy.abs(kept) == pytest.approx([1, 2, 2])


def test_weights_sum_to_the_number_of_tasks() -> None:
    for name in NAMES:
        combined = make(name)(LOSSES, ROWS)
        assert sum(map(abs, combined.weights.values())) == pytest.approx(3), name

"""Cross-stitch networks: the formula, which tasks they find related, growing, refusals."""

from typing import Any, Dict, List

import pytest
import torch
from planted_features import assert_related, learned, make_features_of_tasks
from schemes import Row, make_batch, make_features, make_model, make_network

from spacy_mtl.sharing.cross_stitch import CrossStitchNetwork
from spacy_mtl.sharing.hidden import Hidden

TASKS = ["tagger", "ner", "textcat"]
ROW = Row("CrossStitch")
LENGTHS = [3, 0, 1]


def make(depth: int = 1, **settings: Any) -> Any:
    return make_network(ROW, TASKS, depth=depth, **settings)


def weights(network: Any, layer: int = 1) -> List[List[float]]:
    values: List[List[float]] = network.structure()[layer - 1].values
    return values


def set_weight(network: Any, layer: int, task: str, tower: str, weight: float) -> None:
    network.stitches[layer - 1].rows[task][tower].values.data.fill_(weight / 10)


def test_first_weights() -> None:
    network = make(own_weight=0.8, other_weight=0.15)
    for i, row in enumerate(weights(network)):
        assert row == pytest.approx([0.8 if i == j else 0.15 for j in range(3)])


def test_what_layers_add_is_combined() -> None:
    network = make(depth=2)
    for layer in (1, 2):
        for i, task in enumerate(TASKS):
            for j, tower in enumerate(TASKS):
                set_weight(network, layer, task, tower, (1 + i - j) / layer)
    X = make_features(LENGTHS)
    views, losses = network(X, make_batch(LENGTHS, TASKS), TASKS)
    assert losses == {}
    states: List[Any] = [X, X, X]
    for layer in (1, 2):
        layers = [network.towers[task].layers[layer - 1] for task in TASKS]
        changes = [layer(state) for layer, state in zip(layers, states)]
        states = [
            states[i] + sum((1 + i - j) / layer * changes[j] for j in range(3)) for i in range(3)
        ]
    for task, expected in zip(TASKS, states):
        assert torch.allclose(views[task], expected)


def test_a_view_without_other_towers() -> None:
    """Computed by hand: one feature, one hidden unit."""
    network = make_network(ROW, TASKS[:2], n_features=1, width=1)
    for task, up in (("tagger", 2.0), ("ner", -3.0)):
        layer = network.towers[task].layers[0]  # type: ignore[index, union-attr]
        for parameter, value in (
            (layer.down.weight, 100.0),
            (layer.down.bias, 0.0),
            (layer.up.weight, up / 100),
            (layer.up.bias, 0.0),
        ):
            parameter.data.fill_(value)
    X = torch.ones(1, 1, dtype=torch.float64)
    views, _ = network(X, make_batch([1], TASKS), TASKS[:2])
    # The hidden unit is 100.
    assert views["tagger"].item() == pytest.approx(1 + 0.9 * 2 - 0.1 * 3)
    assert views["ner"].item() == pytest.approx(1 - 0.9 * 3 + 0.1 * 2)


@pytest.mark.parametrize("seed", range(5))
def test_related_tasks_are_found(seed: int) -> None:
    """Towers are too narrow for a task, but two together have room for what both tasks need."""
    planted = make_features_of_tasks(seed)
    network = CrossStitchNetwork(
        planted.width,
        hidden=Hidden(planted.n_features, 1, 0.0),
        first_weights=(0.9, 0.1),
        stitch_rate_scale=1.0,
    )
    assert learned(network, planted) < 0.02
    assert_related(weights(network), planted)


def test_weights_learn_faster() -> None:
    """By the factor, with Adam."""
    moved: Dict[float, float] = {}
    for scale in (1.0, 10.0):
        network = make(stitch_rate_scale=scale)
        before = weights(network)
        optimizer = torch.optim.Adam(network.parameters(), 0.001)
        views, _ = network(make_features([4]), make_batch([4], TASKS), TASKS)
        sum((view**2).sum() for view in views.values()).backward()
        optimizer.step()
        moved[scale] = abs(weights(network)[0][1] - before[0][1])
    assert moved[1.0] == pytest.approx(0.001, rel=1e-3)
    assert moved[10.0] == pytest.approx(0.01, rel=1e-3)


def test_a_trained_network_keeps_its_factor() -> None:
    network, other = make(), make(stitch_rate_scale=2.0)
    other.load_state_dict(network.state_dict())
    assert weights(other) == weights(network)
    for each in (network, other):
        each.step = 1
        each.add_task("parser")
    assert weights(other) == weights(network)


def test_a_new_task_is_not_read_at_first() -> None:
    network = make(depth=2).eval()
    X, batch = make_features([4]), make_batch([4], TASKS)
    before, _ = network(X, batch, TASKS)
    network.note_closed(TASKS)
    network.add_task("parser")
    network.double().eval()
    after, _ = network(X, batch, [*TASKS, "parser"])
    for task in TASKS:
        assert torch.allclose(after[task], before[task], atol=1e-12)
    for layer in (1, 2):
        *rows, new = weights(network, layer)
        assert [row[-1] for row in rows] == [0.0, 0.0, 0.0]
        assert new == pytest.approx([0.1, 0.1, 0.1, 0.9])
    # It can be learned.
    after["ner"].sum().backward()
    assert abs(network.stitches[-1].rows["ner"]["parser"].values.grad) > 0


def test_bfloat16() -> None:
    network, batch = make(depth=2).float().eval(), make_batch(LENGTHS, TASKS)
    X = make_features(LENGTHS).float()
    expected, _ = network(X, batch, TASKS)
    with torch.autocast("cpu", torch.bfloat16):
        found, _ = network(X, batch, TASKS)
    for task in TASKS:
        assert torch.allclose(found[task], expected[task], atol=0.02)


def test_private_parameters() -> None:
    """What a task reads after the last layer."""
    network = make(depth=2)
    last = network.stitches[1]
    assert network.private() == {task: last.parameters_of(task) for task in TASKS}


def test_structure() -> None:
    network = make(depth=2)
    set_weight(network, 2, "ner", "tagger", -0.5)
    first, second = network.structure()
    assert first.title == "stitches after layer 1"
    assert second.title == "stitches after layer 2"
    assert second.rows == second.columns == TASKS
    assert second.values[1] == pytest.approx([-0.5, 0.9, 0.1])
    assert second.note == (
        "The weight with which each task (row) reads the tower of each task (column)."
    )


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_factors_that_are_not_positive(scale: float) -> None:
    expected = (
        rf"'stitch_rate_scale' of spacy_mtl.CrossStitch.v1 is {scale}, but it must be a number "
        r"above 0. Fix it in the block that has @architectures"
    )
    with pytest.raises(ValueError, match=expected):
        make_model(ROW, stitch_rate_scale=scale)


def test_sizes_below_one() -> None:
    for key in ("width", "depth"):
        with pytest.raises(ValueError, match=rf"'{key}' of spacy_mtl.CrossStitch.v1 is 0, but"):
            make_model(ROW, **{key: 0})

"""Sluice networks: the formula, the penalty, which tasks they find related, growing, refusals."""

from typing import Any, List

import pytest
import torch
from planted_features import assert_related, learned, make_features_of_tasks
from schemes import Row, make_batch, make_features, make_model, make_network

from spacy_mtl.sharing.hidden import Hidden
from spacy_mtl.sharing.network import Batch
from spacy_mtl.sharing.sluice import SluiceNetwork

TASKS = ["tagger", "ner", "textcat"]
ROW = Row("Sluice", {"width": 4})
LENGTHS = [3, 0, 1]


def make(tasks: List[str] = TASKS, **settings: Any) -> Any:
    return make_network(ROW, tasks, **settings)


def views_of(network: Any, X: Any, tasks: List[str]) -> Any:
    return network(X, make_batch(LENGTHS, tasks), tasks)[0]


def penalty_of(network: Any) -> Any:
    X = make_features(LENGTHS)
    return network(X, make_batch(LENGTHS, TASKS), TASKS)[1]["orthogonality"]


def test_subspaces_are_combined_and_layers_mixed() -> None:
    """As in the paper, subspace by subspace."""
    tasks = TASKS[:2]
    network = make(tasks)
    for parameter in network.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    X = make_features(LENGTHS)
    views = views_of(network, X, tasks)
    states: List[Any] = [X, X]
    outputs: List[List[Any]] = [[X], [X]]
    for i in range(2):
        layers = [network.towers[task].layers[i] for task in tasks]
        parts = [
            part for layer, x in zip(layers, states) for part in layer.hidden(x).chunk(2, dim=1)
        ]
        for t, task in enumerate(tasks):
            row = network.stitches[i].rows[task]
            # The weight of part b of a tower in part a.
            read = [
                sum(
                    10 * row[tower].values[a, b] * parts[2 * j + b]
                    for j, tower in enumerate(tasks)
                    for b in range(2)
                )
                for a in range(2)
            ]
            outputs[t].append(states[t] + layers[t].up(torch.cat(read, dim=1)))
        states = [found[-1] for found in outputs]
    for t, task in enumerate(tasks):
        mixture = 10 * network.mixtures[task].values
        expected = sum(weight * output for weight, output in zip(mixture, outputs[t]))
        assert torch.allclose(views[task], expected)


def test_first_weights() -> None:
    network = make(own_weight=0.8, other_weight=0.1, last_weight=0.7)
    *layers, mixture = network.structure()
    for i, task in enumerate(TASKS):
        weights = network.stitches[0].weights(task)
        expected = torch.full((2, 6), 0.1)
        expected[:, 2 * i : 2 * i + 2].fill_diagonal_(0.8)
        assert torch.allclose(weights, expected.double())
        assert mixture.values[i] == pytest.approx([0.15, 0.15, 0.7])
    assert layers[1].values[0] == pytest.approx([0.45, 0.1, 0.1])


def test_the_penalty() -> None:
    """The squared Frobenius norm, by hand."""
    network = make(depth=1)
    for task in TASKS:
        down = network.towers[task].layers[0].down.weight
        down.data.zero_()
        # One subspace has units 0 and 1, the other units 2 and 3.
        down.data[0, 0], down.data[1, 1] = 1.0, 2.0
        down.data[2, 2], down.data[3, 3] = 3.0, 4.0
    assert penalty_of(network).item() == 0.0
    network.towers["ner"].layers[0].down.weight.data[2, 1] = 5.0
    network.towers["textcat"].layers[0].down.weight.data[3, 0] = -3.0
    assert penalty_of(network).item() == pytest.approx((2 * 5) ** 2 + 3**2)


def test_the_penalty_of_three_subspaces_and_two_layers() -> None:
    network = make(width=3, n_subspaces=3)
    expected = 0.0
    for task in TASKS:
        for layer in network.towers[task].layers:
            a, b, c = layer.down.weight.detach()
            expected += float((a @ b) ** 2 + (a @ c) ** 2 + (b @ c) ** 2)
    assert penalty_of(network).item() == pytest.approx(expected)


def test_when_there_is_a_penalty() -> None:
    X, batch = make_features(LENGTHS), make_batch(LENGTHS, TASKS)
    for network in (make().eval(), make(orthogonality=0), make(n_subspaces=1)):
        assert network(X, batch, TASKS)[1] == {}
    network = make(orthogonality=iter([0.0, 0.5]))
    assert network(X, batch, TASKS)[1] == {}
    network.note_closed(TASKS)
    assert list(network(X, batch, TASKS)[1]) == ["orthogonality"]
    assert network.strength("orthogonality") == 0.5


def make_planted(seed: int, orthogonality: float) -> Any:
    planted = make_features_of_tasks(seed)
    network = SluiceNetwork(
        planted.width,
        hidden=Hidden(planted.n_features, 1, 0.0),
        n_subspaces=2,
        orthogonality=orthogonality,
        first_weights=(0.9, 0.05),
        last_weight=0.9,
        stitch_rate_scale=1.0,
    )
    return network, planted


@pytest.mark.parametrize("seed", range(5))
def test_related_tasks_are_found(seed: int) -> None:
    """Towers are too narrow for a task, but two together have room for what both tasks need."""
    network, planted = make_planted(seed, 0.01)
    assert learned(network, planted) < 0.05
    assert_related(network.structure()[0].values, planted)


def test_the_penalty_falls_with_its_strength() -> None:
    found = []
    for strength in (0.0, 0.01, 1.0):
        network, planted = make_planted(0, strength)
        learned(network, planted, n_steps=100)
        network.numbers["orthogonality"] = 1.0
        _, losses = network(planted.X, Batch([len(planted.X)]), network.tasks)
        found.append(losses["orthogonality"].item())
    assert found[0] > 2 * found[1] > 20 * found[2]


def test_a_new_task_is_not_read_at_first() -> None:
    network = make().eval()
    X = make_features(LENGTHS)
    before = views_of(network, X, TASKS)
    network.note_closed(TASKS)
    network.add_task("parser")
    network.double().eval()
    after = views_of(network, X, [*TASKS, "parser"])
    for task in TASKS:
        assert torch.allclose(after[task], before[task], atol=1e-12)
    after["ner"].sum().backward()
    assert network.stitches[-1].rows["ner"]["parser"].values.grad.abs().min() > 0


def test_bfloat16() -> None:
    network, batch = make().float().eval(), make_batch(LENGTHS, TASKS)
    X = make_features(LENGTHS).float()
    expected, _ = network(X, batch, TASKS)
    with torch.autocast("cpu", torch.bfloat16):
        found, _ = network(X, batch, TASKS)
    for task in TASKS:
        assert torch.allclose(found[task], expected[task], atol=0.02)


def test_private_parameters() -> None:
    network = make()
    private = network.private()["ner"]
    assert [tuple(p.shape) for p in private] == [(2, 2)] * 3 + [(6, 4), (6,), (3,)]
    assert private[3] is network.towers["ner"].layers[1].up.weight


def test_structure() -> None:
    network = make()
    network.stitches[1].rows["ner"]["tagger"].values.data[:] = torch.tensor([[0.1, -0.3], [0, 0]])
    network.mixtures["textcat"].values.data[:] = torch.tensor([0.1, 0.2, -0.3])
    first, second, mixture = network.structure()
    assert [table.title for table in (first, second)] == [
        "stitches after layer 1",
        "stitches after layer 2",
    ]
    assert second.rows == second.columns == mixture.rows == TASKS
    assert second.values[1] == pytest.approx([1.0, 0.475, 0.05])
    assert second.note.startswith("The mean absolute weight, of subspaces, with which each task")
    assert mixture.title == "mixture of layers"
    assert mixture.columns == ["shared", "layer 1", "layer 2"]
    assert mixture.values[2] == pytest.approx([1.0, 2.0, -3.0])
    assert make(n_subspaces=1).structure()[0].note.startswith("The weight with which")


def test_sizes_that_do_not_fit() -> None:
    expected = (
        r"'n_subspaces' of spacy_mtl.Sluice.v1 is 3, but it must divide 'width', which is 4. Fix "
        r"it in the block that has @architectures = \"spacy_mtl.Sluice.v1\""
    )
    with pytest.raises(ValueError, match=expected):
        make_model(ROW, n_subspaces=3)
    for key in ("width", "depth", "n_subspaces"):
        with pytest.raises(ValueError, match=rf"'{key}' of spacy_mtl.Sluice.v1 is 0, but"):
            make_model(ROW, **{key: 0})


@pytest.mark.parametrize("strength", [-0.1, "high", True])
def test_strengths_that_are_none(strength: Any) -> None:
    expected = r"'orthogonality' of spacy_mtl.Sluice.v1 is .*, but must be a finite number >= 0"
    with pytest.raises(ValueError, match=expected):
        make_model(ROW, orthogonality=strength)

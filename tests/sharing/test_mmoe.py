"""Multi-gate mixture of experts."""

from typing import Any, List

import pytest
import torch
from related_tasks import TASKS, WIDTH, RelatedTasks
from schemes import Row, make_batch, make_features, make_model, make_network

from spacy_mtl.sharing.hidden import Hidden
from spacy_mtl.sharing.mmoe import MMoENetwork

LENGTHS = [3, 0, 2]
SETTINGS = {"hidden": Hidden(8, 1, 0.0), "gate": "token"}


def distance(a: List[float], b: List[float]) -> float:
    """How much of the weight of two mixtures differs, from 0 to 1."""
    return sum(abs(x - y) for x, y in zip(a, b)) / 2


@pytest.mark.parametrize("gate", ["token", "document"])
@pytest.mark.parametrize("depth", [1, 2])
def test_views(gate: str, depth: int) -> None:
    """A view is x + the sum of weight * up(h(x)) of each expert, one by one."""
    torch.manual_seed(0)
    row = Row("MMoE", {"n_experts": 3, "gate": gate, "depth": depth})
    network: Any = make_network(row, ["a", "b"])
    for p in network.parameters():
        p.data = torch.randn_like(p)
    X = make_features(LENGTHS)
    views, _ = network(X, make_batch(LENGTHS, ["a", "b"]), ["a", "b"])
    experts = network.experts
    rows = X if gate == "token" else torch.cat([X[:3].mean(0).expand(3, -1), X[3:].mean(0)[None]])
    rows = rows if gate == "token" else torch.cat([rows, rows[3:]])
    for task, view in views.items():
        logits = network.gates[task].logits
        weights = torch.softmax(rows @ logits.weight.T + logits.bias, dim=1)
        expected = X
        for i in range(3):
            own = slice(3 * i, 3 * i + 3)
            h = X @ experts.down.weight[own].T + experts.down.bias[own]
            h = torch.nn.functional.gelu(h)
            for layer in experts.hidden:
                h = torch.nn.functional.gelu(h @ layer.weight[i].T + layer.bias[i])
            expected = expected + weights[:, i : i + 1] * (h @ experts.up.weight[:, own].T)
        assert torch.allclose(view, expected)


@pytest.mark.parametrize("seed", range(5))
def test_gates_tell_which_tasks_are_related(seed: int) -> None:
    network = MMoENetwork(WIDTH, n_experts=3, balance=0.0, **SETTINGS)  # type: ignore[arg-type]
    (table,) = RelatedTasks(seed).train(network, 300, rate=0.02).structure()
    assert (table.title, table.rows) == ("gates", TASKS)
    assert table.columns == ["expert 1", "expert 2", "expert 3"]
    first, related, unrelated = table.values
    assert all(sum(values) == pytest.approx(1) for values in table.values)
    assert distance(first, related) < 0.1
    assert distance(first, unrelated) > 0.5
    assert distance(related, unrelated) > 0.5


@pytest.mark.parametrize("seed", range(5))
def test_balance(seed: int) -> None:
    """Gates that start with one expert keep to it, unless the loss spreads the load."""
    largest = {}
    for strength in (0.0, 10.0):
        torch.manual_seed(seed)
        network: Any = MMoENetwork(WIDTH, n_experts=4, balance=strength, **SETTINGS)  # type: ignore
        for task in TASKS:
            network.add_task(task)
            network.gates[task].logits.bias.data[0] = 5.0
        RelatedTasks(seed).train(network, 100, rate=0.05)
        X = torch.randn(200, WIDTH)
        weights = [torch.softmax(network.gates[task](X), dim=1) for task in TASKS]
        largest[strength] = float(torch.cat(weights).mean(dim=0).max().detach())
    assert largest[0.0] > 0.5
    assert largest[10.0] < 0.3


def test_balance_loss() -> None:
    network: Any = make_network(Row("MMoE", {"balance": 2.0}), ["a", "b"])
    for i, task in enumerate(("a", "b")):
        torch.nn.init.zeros_(network.gates[task].logits.weight)
        network.gates[task].logits.bias.data[i] = 50.0
    X, batch = make_features([2]), make_batch([2], ["a", "b"])
    _, losses = network(X, batch, ["a", "b"])
    # Two of four experts are used, each for half of the tokens: 1/2, 1/2, 0, 0.
    assert losses["balance"].item() == pytest.approx(1.0)
    assert network.strength("balance") == 2.0
    _, losses = network(X, batch, ["a"])
    assert losses["balance"].item() == pytest.approx(3.0)
    assert network.eval()(X, batch, ["a"])[1] == {}


def test_means_of_gates_are_those_of_closed_steps() -> None:
    network: Any = make_network(Row("MMoE", {"n_experts": 2}), ["a", "b"])
    X, batch = make_features([4]), make_batch([4], ["a", "b"])
    assert network.structure()[0].values == [[0, 0], [0, 0]]
    network(X, batch, ["a", "b"])
    assert network.structure()[0].values == [[0, 0], [0, 0]], "no step has closed"
    network.note_closed(["a"])
    weights = torch.softmax(network.gates["a"].logits(X), dim=1).mean(dim=0)
    assert network.structure()[0].values[0] == pytest.approx(weights.tolist(), rel=1e-5)
    assert network.structure()[0].values[1] == [0, 0]
    # A forward pass for prediction leaves no trace.
    network.eval()(X + 1, batch, ["a", "b"])
    network.note_closed(["a"])
    assert network.structure()[0].values[0] == pytest.approx(weights.tolist(), rel=1e-5)


@pytest.mark.parametrize(
    "setting, value, message",
    [
        ("n_experts", 0, "'n_experts' of spacy_mtl.MMoE.v1 is 0, but .* 1 or more"),
        ("width", 0, "'width' of .* is 0, but .* 1 or more"),
        ("depth", 0, "'depth' of .* is 0, but .* 1 or more"),
        ("dropout", 1.0, "'dropout' of .* is 1.0, but .* less than 1"),
        ("gate", "word", "'gate' of .* is 'word', but .* \"token\" or \"document\""),
        ("balance", -1, "'balance' of spacy_mtl.MMoE.v1 is -1, but .* >= 0"),
        ("balance", "high", "'balance' of spacy_mtl.MMoE.v1 is 'high', but .* >= 0"),
    ],
)
def test_settings_that_do_not_fit(setting: str, value: Any, message: str) -> None:
    where = r'.*Fix it in the block that has @architectures = "spacy_mtl.MMoE.v1"'
    with pytest.raises(ValueError, match=message + where):
        make_model(Row("MMoE", {setting: value}))

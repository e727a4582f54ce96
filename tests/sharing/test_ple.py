"""Progressive layered extraction: levels of experts."""

from typing import Any, Dict, Set

import pytest
import torch
from schemes import Row, make_batch, make_features, make_model, make_network

TASKS = ["a", "b", "c"]
LENGTHS = [3, 0, 2]


def random_network(**settings: Any) -> Any:
    torch.manual_seed(0)
    network = make_network(Row("PLE", settings), TASKS)
    for p in network.parameters():
        p.data = torch.randn_like(p)
    return network


def outputs(experts: Any, X: Any) -> Any:
    """What each expert adds, by itself. *Shape:* (n_tokens, n_experts, width)."""
    up = experts.up.weight.unflatten(1, (experts.n, -1))
    return torch.stack([experts(X)[:, i] @ up[:, i].T for i in range(experts.n)], dim=1)


def test_views() -> None:
    """The published equations, with residual experts."""
    network = random_network()
    X = make_features(LENGTHS)
    views, _ = network(X, make_batch(LENGTHS, TASKS), TASKS)
    own: Dict[str, Any] = dict.fromkeys(TASKS, X)
    shared = X
    for level in network.levels:
        by_shared = outputs(level.shared, shared)
        by_own = {task: outputs(level.own[task], own[task]) for task in TASKS}
        weights = {task: torch.softmax(level.gates[task].logits(own[task]), 1) for task in TASKS}
        if level.shared_gate is not None:
            gate = level.shared_gate
            parts = [gate.shared, *(gate.own[task] for task in TASKS)]
            of_shared = torch.softmax(torch.cat([part(shared) for part in parts], 1), 1)
            everything = torch.cat([by_shared, *by_own.values()], dim=1)
            shared = shared + (of_shared.unsqueeze(2) * everything).sum(dim=1)
        own = {
            task: own[task]
            + (weights[task].unsqueeze(2) * torch.cat([by_shared, by_own[task]], 1)).sum(dim=1)
            for task in TASKS
        }
    assert network.levels[0].shared_gate is not None
    assert network.levels[1].shared_gate is None
    for task in TASKS:
        assert torch.allclose(views[task], own[task])


def test_one_level_is_cgc() -> None:
    network: Any = random_network(n_levels=1)
    other: Any = make_network(Row("CGC"), TASKS)
    other.load_state_dict(network.state_dict())
    X, batch = make_features(LENGTHS), make_batch(LENGTHS, TASKS)
    for task, view in network(X, batch, TASKS)[0].items():
        assert torch.equal(view, other(X, batch, TASKS)[0][task])


def test_private_parameters() -> None:
    """The experts of the last level, and the gates of the last two."""
    network = random_network(n_levels=3)
    names = {id(p): name for name, p in network.named_parameters()}
    found: Set[str] = {names[id(p)] for p in network.private()["a"]}
    starts = {".".join(name.split(".")[:3]) for name in found}
    assert starts == {"levels.1.gates", "levels.2.gates", "levels.2.own"}
    assert all(".of a." in name for name in found)


def test_a_late_task_changes_little() -> None:
    """The gate over all experts grows: what it knew of the others keeps its proportions."""
    network = random_network()
    X, batch = make_features(LENGTHS), make_batch(LENGTHS, TASKS)
    before, _ = network(X, batch, TASKS)
    untrained = network.levels[0].shared_gate.own["c"]
    network.note_closed(TASKS)
    network.add_task("d")
    network.double()
    after, _ = network(X, batch, TASKS)
    part = network.levels[0].shared_gate.own["d"]
    assert (part.bias == -4).all()
    assert untrained.bias.shape == part.bias.shape
    for task in TASKS:
        distance = (after[task] - before[task]).norm() / before[task].norm()
        assert 0 < distance.item() < 0.05
    fresh: Any = make_network(Row("PLE"), TASKS)
    assert (fresh.levels[0].shared_gate.own["c"].bias == 0).all()


def test_tables() -> None:
    network = random_network()
    network(make_features([4]), make_batch([4], TASKS), TASKS)
    network.note_closed(TASKS)
    titles = [table.title for table in network.structure()]
    assert titles == ["gates, level 1", "shared gate, level 1", "gates, level 2"]
    table = network.structure()[1]
    assert table.rows == ["shared"]
    assert table.columns == ["shared 1", "shared 2", "a 1", "b 1", "c 1"]
    assert sum(table.values[0]) == pytest.approx(1)


def test_no_level() -> None:
    with pytest.raises(ValueError, match="'n_levels' of spacy_mtl.PLE.v1 is 0, but .* 1 or more"):
        make_model(Row("PLE", {"n_levels": 0}))

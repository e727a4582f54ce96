"""Task relations: the covariance by hand, the regularizer, and what is found on planted data."""

from itertools import combinations
from typing import Any, Dict, List

import numpy
import pytest
import torch
from schemes import Row, make_batch, make_features, make_network

from spacy_mtl.sharing.hidden import Hidden
from spacy_mtl.sharing.task_relation import SHRINKAGE, RelationNetwork

TASKS = ["tagger", "ner", "textcat"]
ROW = Row("TaskRelation")


def root_of(matrix: numpy.ndarray) -> numpy.ndarray:
    values, vectors = numpy.linalg.eigh(matrix)
    found: numpy.ndarray = (vectors * numpy.sqrt(values.clip(0))) @ vectors.T
    return found


def read_by(network: Any, task: str) -> numpy.ndarray:
    """The root of U^T U of each layer of a tower, as one vector."""
    layers = [up.weight.detach().numpy() for up in network.up[task]]
    return numpy.concatenate([root_of(U.T @ U).ravel() for U in layers])


def random_network(depth: int = 2) -> Any:
    torch.manual_seed(0)
    network = make_network(ROW, TASKS, depth=depth)
    with torch.no_grad():
        for p in network.parameters():
            p.normal_()
    return network


def test_covariance_by_hand() -> None:
    network = random_network()
    before = network.covariance
    network(make_features([2]), make_batch([2], TASKS), TASKS)
    assert network.covariance is before, "forward passes don't update it"
    network.note_closed(TASKS)
    W = numpy.stack([read_by(network, task) for task in TASKS])
    expected = root_of(W @ W.T)
    assert network.covariance.numpy() == pytest.approx(expected, rel=1e-4)
    deviations = numpy.sqrt(numpy.diagonal(expected))
    correlations = expected / numpy.outer(deviations, deviations)
    found = [list(network.relations()[task].values()) for task in TASKS]
    assert numpy.array(found) == pytest.approx(correlations, rel=1e-4)
    (table,) = network.structure()
    assert (table.title, table.rows, table.columns) == ("relations", TASKS, TASKS)
    assert table.values == found


def test_regularizer_by_hand() -> None:
    network = random_network()
    covariance = numpy.array([[2.0, 1.0, 0.0], [1.0, 1.0, 0.5], [0.0, 0.5, 1.0]])
    network.covariance = torch.tensor(covariance)
    _, losses = network(make_features([2]), make_batch([2], TASKS), TASKS)
    W = numpy.stack([read_by(network, task) for task in TASKS], axis=1)
    omega = (1 - SHRINKAGE) * covariance / 4 + SHRINKAGE * numpy.eye(3) / 3
    expected = numpy.trace(W @ numpy.linalg.inv(omega) @ W.T)
    assert float(losses["relation"].detach()) == pytest.approx(expected, rel=1e-4)


def test_first_towers_are_unrelated() -> None:
    torch.manual_seed(0)
    network: Any = make_network(ROW, TASKS, n_features=384, width=96)
    network.note_closed(TASKS)
    relations = network.relations()
    for one, other in combinations(TASKS, 2):
        assert abs(relations[one][other]) < 0.1


def test_directions_that_towers_write_to_do_not_matter() -> None:
    network = random_network(depth=1)
    with torch.no_grad():
        rotation = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64)).Q
        network.up["ner"][0].weight.copy_(rotation @ network.up["tagger"][0].weight)
    network.note_closed(TASKS)
    assert network.relations()["tagger"]["ner"] == pytest.approx(1, abs=1e-3)
    # Two equal towers: the covariance has no inverse, but the regularizer is still finite.
    _, losses = network(make_features([2]), make_batch([2], TASKS), TASKS)
    losses["relation"].backward()
    for p in network.parameters():
        assert p.grad is None or bool(p.grad.isfinite().all())
    condition = torch.linalg.cond(network._inverse())
    assert float(condition) < 3 / SHRINKAGE


def test_a_new_task_changes_no_relation() -> None:
    network: Any = make_network(ROW, TASKS[:2])
    network.note_closed(TASKS[:2])
    before = network.covariance.clone()
    network.add_task("textcat")
    assert torch.equal(network.covariance[:2, :2], before)
    relations: Dict[str, Dict[str, float]] = network.relations()
    assert relations["textcat"] == {"tagger": 0, "ner": 0, "textcat": pytest.approx(1)}


def train(related: List[str], seed: int, strength: float) -> Dict[str, Dict[str, float]]:
    """Train towers and random heads. The related tasks have the same classes, under other names."""
    torch.manual_seed(seed)
    network = RelationNetwork(24, strength=strength, hidden=Hidden(16, 1, 0.1)).train()
    heads = torch.nn.ModuleDict()
    for task in TASKS:
        network.add_task(task)
        heads[task] = torch.nn.Linear(24, 4)
    teachers = [torch.randn(24, 4) for _ in range(2)]
    optimizer = torch.optim.Adam([*network.parameters(), *heads.parameters()], lr=3e-3)
    for _ in range(250):
        X = torch.randn(64, 24)
        views, losses = network(X, make_batch([64], TASKS), TASKS)
        total = sum(strength * loss for loss in losses.values())
        for i, task in enumerate(TASKS):
            gold = (X @ teachers[task not in related]).argmax(dim=1)
            scores = heads[task](views[task])
            total = total + torch.nn.functional.cross_entropy(scores, (gold + i) % 4)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        network.note_closed(TASKS)
    return network.relations()


@pytest.mark.parametrize("seed", range(5))
def test_finds_the_related_tasks(seed: int) -> None:
    related = [task for i, task in enumerate(TASKS) if i != seed % 3]
    (other,) = set(TASKS) - set(related)
    for strength in (0.0, 0.001):
        relations = train(related, seed, strength)
        unrelated = [relations[task][other] for task in related]
        assert relations[related[0]][related[1]] > max(0.5, 3 * max(unrelated))
        assert all(-1 <= value <= 1 for row in relations.values() for value in row.values())


def test_the_regularizer_makes_related_towers_similar() -> None:
    found = [train(TASKS[:2], 0, strength)[TASKS[0]][TASKS[1]] for strength in (0.0, 0.001, 0.01)]
    assert found == sorted(found)
    assert found[2] > found[0] + 0.2


def test_errors() -> None:
    with pytest.raises(ValueError, match="'strength' of spacy_mtl.TaskRelation.v1 is -1, but must"):
        make_network(ROW, TASKS, strength=-1)

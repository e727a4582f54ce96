"""Soft sharing: the penalties, and what they do to the towers."""

from typing import Any, Dict, List, Optional, Sequence

import pytest
import torch
from schemes import Row, make_batch, make_features, make_network

from spacy_mtl.sharing.hidden import Hidden
from spacy_mtl.sharing.soft import SoftNetwork
from spacy_mtl.sharing.tower import Tower

WIDTH = 8
TASKS = ["tagger", "ner", "textcat"]
PENALTIES = ["distance", "trace_norm"]


class Training:
    """Towers of three tasks with unrelated labels, trained with a learning rate that goes to 0.

    penalty (str): The penalty.
    strength (float): Its strength.
    seed (int): The seed of towers, heads and data.
    dropout (float): The dropout rate.
    """

    def __init__(self, penalty: str, strength: float, seed: int, dropout: float = 0.0) -> None:
        torch.manual_seed(seed)
        self.network = SoftNetwork(
            WIDTH, penalty=penalty, strength=strength, hidden=Hidden(6, 1, dropout)
        ).train()
        for task in TASKS:
            self.network.add_task(task)
        self.strength = strength
        self.heads = {task: torch.randn(WIDTH, 3) for task in TASKS}
        self.X = torch.randn(60, WIDTH)
        self.gold = {task: torch.randint(3, (60,)) for task in TASKS}

    def run(self, towers: Optional[Dict[str, Tower]] = None, n_steps: int = 60) -> None:
        """Train the network, or towers that know nothing of each other."""
        modules = [self.network] if towers is None else list(towers.values())
        optimizer = torch.optim.Adam([p for m in modules for p in m.parameters()], lr=0.02)
        fade = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 1 - i / n_steps)
        torch.manual_seed(9)
        for _ in range(n_steps):
            losses: Dict[str, Any] = {}
            if towers is None:
                views, losses = self.network(self.X, make_batch([60], TASKS), TASKS)
            else:
                views = {task: tower(self.X) for task, tower in towers.items()}
            total = sum(self.strength * loss for loss in losses.values())
            for task, view in views.items():
                scores = view @ self.heads[task]
                total = total + torch.nn.functional.cross_entropy(scores, self.gold[task])
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            fade.step()

    def distance(self) -> float:
        """The mean distance over pairs of towers."""
        (table,) = self.network.structure()
        return sum(table.values[i][j] for i, j in ((0, 1), (0, 2), (1, 2))) / 3


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("penalty", "strengths"),
    # With a trace norm of strength 1, nothing is left of the distances.
    [("distance", (0.0, 0.01, 1.0, 100.0)), ("trace_norm", (0.0, 0.01, 0.1, 1.0))],
)
def test_stronger_penalties_leave_smaller_distances(
    penalty: str, strengths: Sequence[float], seed: int
) -> None:
    found: List[float] = []
    for strength in strengths:
        training = Training(penalty, strength, seed)
        training.run()
        found.append(training.distance())
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 4
    assert found[-1] <= 0.05 * found[0]


@pytest.mark.parametrize("penalty", PENALTIES)
def test_strength_0_means_separate_towers(penalty: str) -> None:
    training = Training(penalty, 0.0, seed=0, dropout=0.1)
    towers: Dict[str, Tower] = {task: Tower(WIDTH, Hidden(6, 1, 0.1)).train() for task in TASKS}
    for task, tower in towers.items():
        tower.load_state_dict(training.network.towers[task].state_dict())
    training.run()
    training.run(towers)
    for task, tower in towers.items():
        for one, other in zip(tower.parameters(), training.network.towers[task].parameters()):
            assert torch.equal(one, other)
    assert training.distance() > 1


def test_distance_by_hand() -> None:
    network = make_network(Row("SoftSharing"), TASKS)
    values = [list(network.towers[task].parameters()) for task in TASKS]  # type: ignore
    with torch.no_grad():
        for i, parameters in enumerate(values):
            for p in parameters:
                p.copy_(torch.zeros_like(p))
            parameters[0][0, 0] = float(i)
            parameters[-1][0] = 3.0 * i
    _, losses = network(make_features([2]), make_batch([2], TASKS), TASKS)
    # Pairs (0, 1), (0, 2), (1, 2).
    assert float(losses["distance"].detach()) == pytest.approx(((1 + 9) + (4 + 36) + (1 + 9)) / 3)
    (table,) = network.structure()
    assert (table.title, table.rows, table.columns) == ("distances", TASKS, TASKS)
    assert table.values[0] == pytest.approx([0, 10**0.5, 40**0.5])


def test_towers_start_with_the_same_values() -> None:
    network = make_network(Row("SoftSharing"), TASKS)
    _, losses = network(make_features([2]), make_batch([2], TASKS), TASKS)
    assert float(losses["distance"].detach()) < 1e-12


def test_a_new_task_starts_at_the_mean() -> None:
    network: Any = make_network(Row("SoftSharing"), TASKS[:2])
    with torch.no_grad():
        for p in network.parameters():
            p.normal_()
    network.add_task(TASKS[2])
    for a, b, c in zip(*(network.towers[task].parameters() for task in TASKS)):
        assert torch.allclose(c.double(), (a + b) / 2, atol=1e-6)


def test_strength_by_schedule() -> None:
    network = make_network(Row("SoftSharing"), TASKS, strength=iter([1.0, 0.0]))
    inputs = (make_features([2]), make_batch([2], TASKS), TASKS)
    assert list(network(*inputs)[1]) == ["distance"]
    network.note_closed(TASKS)
    assert network(*inputs)[1] == {}


def test_errors() -> None:
    with pytest.raises(ValueError, match="'penalty' of spacy_mtl.SoftSharing.v1 is 'l1', but it"):
        make_network(Row("SoftSharing"), TASKS, penalty="l1")
    with pytest.raises(ValueError, match="'strength' of spacy_mtl.SoftSharing.v1 is -1, but must"):
        make_network(Row("SoftSharing"), TASKS, strength=-1)

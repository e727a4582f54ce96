"""Planted data for stitches: two tasks need the same hidden features, a third one others."""

from dataclasses import dataclass
from typing import List, Tuple

import torch
from torch import Tensor

from spacy_mtl.sharing.network import Batch, SharingNetwork

N_TOKENS, N_OUTPUTS = 512, 4


@dataclass(frozen=True)
class Planted:
    """Vectors, and what each task has to predict of them.

    related (Tuple[int, int]): The tasks that need the same features.
    unrelated (int): The task that needs others.
    """

    X: Tensor
    targets: List[Tensor]
    related: Tuple[int, int]
    unrelated: int
    n_features: int

    @property
    def width(self) -> int:
        return self.X.shape[1]


def make_features_of_tasks(seed: int, width: int = 32, n_features: int = 6) -> Planted:
    """Targets are linear in features that are not linear in the vectors.

    The order of the tasks depends on the seed.
    """
    torch.manual_seed(seed)
    directions = 2 * torch.randn(2, n_features, width) / width**0.5
    unrelated = seed % 3
    a, b = (i for i in range(3) if i != unrelated)
    X = torch.randn(N_TOKENS, width)
    targets = []
    for i in range(3):
        # The unrelated task has no need for the room of other towers.
        used = directions[1, : n_features // 2] if i == unrelated else directions[0]
        features = torch.relu(X @ used.T)
        target = features @ torch.randn(len(used), N_OUTPUTS)
        targets.append((target - target.mean(0)) / target.std(0))
    return Planted(X, targets, (a, b), unrelated, n_features)


def assert_related(weights: List[List[float]], planted: Planted) -> None:
    """Check that weights between tasks, of either sign, are large between related ones only."""
    found = torch.tensor(weights).abs()
    (a, b), c = planted.related, planted.unrelated
    assert found[a, b] > found[a, c]
    assert found[b, a] > found[b, c]
    between_related = (found[a, b] + found[b, a]) / 2
    others = (found[a, c] + found[b, c] + found[c, a] + found[c, b]) / 4
    assert between_related > 3 * others


def learned(network: SharingNetwork, planted: Planted, n_steps: int = 200) -> float:
    """Train a network with linear heads by Adam.

    RETURNS (float): The last mean squared error, mean of the tasks. Variances are 1.
    """
    tasks = [f"t{i}" for i in range(len(planted.targets))]
    for task in tasks:
        network.add_task(task)
    heads = [torch.nn.Linear(planted.width, N_OUTPUTS) for _ in tasks]
    modules = torch.nn.ModuleList([network, *heads]).train()
    optimizer = torch.optim.Adam(modules.parameters(), 0.01)
    batch = Batch([N_TOKENS])
    error = torch.zeros(())
    for _ in range(n_steps):
        views, losses = network(planted.X, batch, tasks)
        errors = [
            ((head(views[task]) - target) ** 2).mean()
            for task, head, target in zip(tasks, heads, planted.targets)
        ]
        error = torch.stack(errors).mean()
        total = error + sum(network.strength(name) * loss for name, loss in losses.items())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        network.note_closed(tasks)
    return float(error.detach())

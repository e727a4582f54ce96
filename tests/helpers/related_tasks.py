"""Two related tasks and an unrelated one, planted so that views have to differ."""

from typing import Any, List

import torch

from spacy_mtl.sharing.network import Batch, SharingNetwork

TASKS = ["first", "related", "unrelated"]
WIDTH = 12
N_TOKENS = 64


class RelatedTasks:
    """Regression tasks with the same fixed readout, so only their views can tell them apart.

    The targets are the readout of x + f(x) for the first task, of x + 0.9 f(x) for the related
    one, and of x + g(x) for the unrelated one, where f and g are random networks.
    """

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        scale = WIDTH**-0.5
        self._inner = scale * torch.randn(2, WIDTH, WIDTH)
        self._outer = 2 * scale * torch.randn(2, WIDTH, WIDTH)
        self._readout = scale * torch.randn(WIDTH, 3)

    def targets(self, X: torch.Tensor) -> List[torch.Tensor]:
        f, g = (torch.relu(X @ a) @ b for a, b in zip(self._inner, self._outer))
        return [(X + change) @ self._readout for change in (f, 0.9 * f, g)]

    def train(
        self, network: SharingNetwork, n_steps: int = 300, rate: float = 0.01
    ) -> SharingNetwork:
        """Train a network for these tasks, by the sum of their losses and auxiliary ones."""
        if not network.tasks:
            for task in TASKS:
                network.add_task(task)
        network.train()
        optimizer = Adam(network, rate)
        for _ in range(n_steps):
            X = torch.randn(N_TOKENS, WIDTH)
            views, losses = network(X, Batch([N_TOKENS // 2] * 2), TASKS)
            total: Any = sum(network.strength(name) * loss for name, loss in losses.items())
            for task, target in zip(TASKS, self.targets(X)):
                total = total + (views[task] @ self._readout - target).square().mean()
            optimizer.step(total)
            network.note_closed(TASKS)
        return network.eval()


class Adam:
    """Without the start-up time of torch's optimizers, which import its compiler."""

    def __init__(self, network: torch.nn.Module, rate: float) -> None:
        self._rate = rate
        self._parameters = list(network.parameters())
        self._means = [torch.zeros_like(p) for p in self._parameters]
        self._squares = [torch.zeros_like(p) for p in self._parameters]
        self._step = 0

    def step(self, loss: torch.Tensor) -> None:
        self._step += 1
        gradients = torch.autograd.grad(loss, self._parameters)
        with torch.no_grad():
            for p, d, m, v in zip(self._parameters, gradients, self._means, self._squares):
                m.lerp_(d, 0.1)
                v.lerp_(d * d, 0.001)
                unbiased = m / (1 - 0.9**self._step)
                spread = (v / (1 - 0.999**self._step)).sqrt() + 1e-8
                p -= self._rate * unbiased / spread

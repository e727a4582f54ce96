"""Texts of two corpora that their features tell apart, and a probe that tries to."""

from typing import Any, Dict, Tuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from spacy_mtl.sharing.network import Batch
from spacy_mtl.types import Annotated

WIDTH = 32
N_TOKENS = 4
TASKS = ["first", "second"]


class Texts:
    """Texts of four tokens. One direction of the features is higher in one corpus.

    Each of two tasks has a direction of its own and needs the corpus, too.

    seed (int): Decides the directions.
    n (int): The number of texts.
    """

    def __init__(self, seed: int, n: int) -> None:
        directions = torch.Generator().manual_seed(seed)
        of_corpus, first, second = torch.linalg.qr(
            torch.randn(WIDTH, WIDTH, generator=directions)
        ).Q[:3]
        self.corpus = torch.randint(2, (n,))
        sign = (2.0 * self.corpus - 1)[:, None]
        self.X = torch.randn(n, N_TOKENS, WIDTH) + sign[..., None] * of_corpus
        self.gold = {
            "first": (self.X @ first + sign > 0).long(),
            "second": (self.X @ second - sign > 0).long(),
        }

    def batch(self, rows: Any) -> Tuple[Tensor, Batch, Dict[str, Tensor]]:
        """Features, documents and gold labels of some texts."""
        n = len(self.X[rows])
        annotated = Annotated([frozenset(TASKS)] * n, [str(int(c)) for c in self.corpus[rows]])
        gold = {task: values[rows].reshape(-1) for task, values in self.gold.items()}
        return self.X[rows].reshape(-1, WIDTH), Batch([N_TOKENS] * n, annotated), gold


def train(network: Any, texts: Texts, n_steps: int = 400) -> None:
    """Train a network with linear heads, with a rate that falls to 0."""
    heads = torch.nn.ModuleDict(
        {task: torch.nn.Linear(network.view_width(task), 2) for task in TASKS}
    )
    optimizer = torch.optim.Adam([*network.parameters(), *heads.parameters()], lr=2e-3)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / n_steps)
    for _ in range(n_steps):
        X, batch, gold = texts.batch(torch.randint(len(texts.X), (32,)))
        views, losses = network(X, batch, TASKS)
        total = sum(cross_entropy(heads[task](views[task]), gold[task]) for task in TASKS)
        total += sum(network.strength(name) * loss for name, loss in losses.items())
        optimizer.zero_grad()
        total.backward()  # type: ignore[union-attr]
        optimizer.step()
        rate.step()
        network.note_closed(TASKS)
    network.eval()


def probe(part: Tensor, texts: Texts, held_out: Tensor, others: Texts) -> float:
    """How often a fresh logistic regression tells the corpus of held-out texts.

    part: A part of the texts that it is trained on. held_out: The same of other texts.
    """
    means = part.detach().reshape(-1, N_TOKENS, WIDTH).mean(dim=1)
    center, scale = means.mean(dim=0), means.std(dim=0)
    linear = torch.nn.Linear(WIDTH, 2)
    optimizer = torch.optim.LBFGS(linear.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Any:
        optimizer.zero_grad()
        found = cross_entropy(linear((means - center) / scale), texts.corpus)
        (found + 1e-3 * (linear.weight**2).sum()).backward()
        return found

    optimizer.step(loss)
    held_out = held_out.detach().reshape(-1, N_TOKENS, WIDTH).mean(dim=1)
    told = linear((held_out - center) / scale).argmax(dim=1) == others.corpus
    return float(told.float().mean())

"""Data made for what a sharing scheme should find out, and networks of schemes trained on it."""

from typing import Any, Dict, Tuple

import torch

from spacy_mtl.sharing.network import Batch, SharingNetwork

#: The number of features of each token.
N_FEATURES = 10
#: The number of tokens per step.
SIZE = 256


def hidden_values(seed: int, n_tokens: int, n_values: int) -> Tuple[Any, Any]:
    """Random features, and some orthogonal directions in them."""
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n_tokens, N_FEATURES, generator=generator)
    directions, _ = torch.linalg.qr(torch.randn(N_FEATURES, n_values, generator=generator))
    return X, X @ directions


def train_and_test(
    network: Any, X: Any, gold: Dict[str, Any], n_steps: int, n_test: int = 1000
) -> Dict[str, float]:
    """Train a network with a linear head per task; the accuracy of each on the last tokens."""
    tasks = list(gold)
    heads = {task: torch.nn.Linear(N_FEATURES, 2) for task in tasks}
    parameters = [*network.parameters(), *(p for h in heads.values() for p in h.parameters())]
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    n_train = len(X) - n_test
    network.train()
    for _ in range(n_steps):
        rows = torch.randint(n_train, (SIZE,))
        views, _ = network(X[rows], Batch([SIZE]), tasks)
        losses = [
            torch.nn.functional.cross_entropy(heads[task](views[task]), gold[task][rows])
            for task in tasks
        ]
        optimizer.zero_grad()
        sum(losses).backward()  # type: ignore[union-attr]
        optimizer.step()
        if isinstance(network, SharingNetwork):
            network.note_closed(tasks)
    network.eval()
    with torch.no_grad():
        views, _ = network(X[n_train:], Batch([n_test]), tasks)
    return {
        task: float((heads[task](views[task]).argmax(dim=1) == gold[task][n_train:]).float().mean())
        for task in tasks
    }

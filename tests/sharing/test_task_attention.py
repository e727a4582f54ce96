"""Task attention: masks by hand, what they learn, and how they overlap."""

from typing import Any, List

import pytest
import torch
from schemes import Row, make_features, make_network
from torch import Tensor
from torch.nn.functional import mse_loss

from spacy_mtl.sharing.hidden import Hidden
from spacy_mtl.sharing.network import Batch
from spacy_mtl.sharing.task_attention import AttentionNetwork

TASKS = ["first", "second", "third"]
WIDTH = 12
#: The features that each task needs. The first two need the same.
NEEDED = {"first": slice(0, 4), "second": slice(0, 4), "third": slice(4, 8)}


def make() -> Any:
    network = AttentionNetwork(WIDTH, hidden=Hidden(32, 1, 0.0))
    for task in TASKS:
        network.add_task(task)
    return network.train()


def train(network: Any, targets: Any, n_steps: int = 300) -> None:
    """Each task's view should equal its target, on random vectors."""
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(n_steps):
        X = torch.randn(64, WIDTH)
        views, _ = network(X, Batch([64]), TASKS)
        optimizer.zero_grad()
        sum(mse_loss(views[task], targets(task, X)) for task in TASKS).backward()  # type: ignore
        optimizer.step()
        network.note_closed(TASKS)


def masks_of(network: Any, X: Tensor) -> List[Tensor]:
    views, _ = network.eval()(X, Batch([len(X)]), TASKS)
    return [views[task].detach() / X for task in TASKS]


def test_view_by_hand() -> None:
    network: Any = make_network(Row("TaskAttention"), ["tagger", "ner"])
    X = make_features([3])
    views, losses = network(X, Batch([3]), ["ner"])
    first, _, _ = network.masks["ner"].hidden
    output = network.masks["ner"].output
    hidden = torch.nn.functional.gelu(X @ first.weight.T + first.bias)
    expected = X * 2 / (1 + torch.exp(-(hidden @ output.weight.T + output.bias)))
    assert torch.allclose(views["ner"], expected, atol=1e-12)
    assert losses == {}


@pytest.mark.parametrize("seed", range(5))
def test_learns_which_features_each_task_needs(seed: int) -> None:
    torch.manual_seed(seed)
    network = make()

    def target(task: str, X: Tensor) -> Tensor:
        needed = torch.zeros_like(X)
        needed[:, NEEDED[task]] = 1
        return X * needed

    train(network, target)
    for task, mask in zip(TASKS, masks_of(network, torch.randn(200, WIDTH))):
        means = mask.mean(dim=0)
        chosen = torch.zeros(WIDTH, dtype=torch.bool)
        chosen[NEEDED[task]] = True
        assert float(means[chosen].min()) > 0.8
        assert float(means[~chosen].max()) < 0.3
    (table,) = network.structure()
    overlap = {row: dict(zip(table.columns, v)) for row, v in zip(table.rows, table.values)}
    assert overlap["first"]["first"] == pytest.approx(1)
    assert overlap["first"]["second"] > 0.9
    assert overlap["first"]["third"] < 0.7
    assert overlap["third"]["second"] == pytest.approx(overlap["second"]["third"])


@pytest.mark.parametrize("seed", range(5))
def test_learns_which_tokens_each_task_needs(seed: int) -> None:
    """The last feature tells. A mask that is the same for all tokens can't follow it."""
    torch.manual_seed(seed)
    network = make()

    def needed(task: str, X: Tensor) -> Tensor:
        return X[:, -1] < 0 if task == "third" else X[:, -1] > 0

    train(network, lambda task, X: X * needed(task, X)[:, None])
    X = torch.randn(200, WIDTH)
    X = X[X[:, -1].abs() > 0.3]
    for task, mask in zip(TASKS, masks_of(network, X)):
        per_token = mask[:, :-1].mean(dim=1)
        chosen = needed(task, X)
        assert float(per_token[chosen].mean()) > 0.8
        assert float(per_token[~chosen].mean()) < 0.2


def test_running_mean_of_present_tasks() -> None:
    network: Any = make_network(Row("TaskAttention"), TASKS)
    X = make_features([3])
    views, _ = network(X, Batch([3]), TASKS)
    assert not network.masks["first"].added.mean.any()
    network.note_closed(["first"])
    expected = (views["first"] / X).mean(dim=0) - 1
    assert torch.allclose(network.masks["first"].added.mean, expected)
    assert not network.masks["second"].added.mean.any()
    (table,) = network.structure()
    assert table.values[1] == [0.0] * 3
    assert table.note.endswith("All 0: the task has not been trained.")
    # Neither a step without a new batch nor a prediction changes it.
    before = network.masks["first"].added.mean.clone()
    network.note_closed(["first"])
    network.eval()(X, Batch([3]), TASKS)
    network.note_closed(["first"])
    assert torch.equal(network.masks["first"].added.mean, before)

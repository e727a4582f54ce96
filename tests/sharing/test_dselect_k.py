"""DSelect-k: gates that choose a few experts."""

from itertools import count
from typing import Any

import pytest
import torch
from related_tasks import TASKS, WIDTH, RelatedTasks
from schemes import Row, make_batch, make_features, make_model, make_network

from spacy_mtl.sharing.dselect_k import TITLE, DSelectKNetwork
from spacy_mtl.sharing.hidden import Hidden
from spacy_mtl.sharing.selection import experts_of, smooth_step
from spacy_mtl.sharing.strengths import read_strength

KINDS = ["task", "token", "document"]


def test_smooth_step() -> None:
    values = torch.tensor([-9.0, -1.0, -0.5, 0.0, 0.5, 1.0, 9.0], dtype=torch.float64)
    expected = [0, 0, 0.15625, 0.5, 0.84375, 1, 1]
    assert smooth_step(values, 2.0).tolist() == expected


def test_experts_by_binary_digits() -> None:
    for n, n_digits in ((1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3)):
        for code in range(2**n_digits):
            digits = torch.tensor([float(c) for c in f"{code:0{n_digits}b}"])
            chosen = experts_of(digits, n)
            assert chosen.tolist() == [float(i == code % n) for i in range(n)]
        # Soft digits: the weights always sum to 1.
        soft = experts_of(torch.rand(5, n_digits), n)
        assert soft.shape == (5, n)
        assert torch.allclose(soft.sum(dim=1), torch.ones(5))


@pytest.mark.parametrize("kind", KINDS)
def test_first_gates_use_all_experts(kind: str) -> None:
    network: Any = make_network(Row("DSelectK", {"gate": kind}), ["a", "b"])
    X = make_features([3, 2])
    weights = network.gates["a"](X).weights
    assert weights.shape == (1 if kind == "task" else 5, 4)
    assert torch.allclose(weights, torch.full_like(weights, 0.25), atol=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_entropy(kind: str) -> None:
    """The mean over selectors, tokens and tasks."""
    lengths = [3, 0, 2]
    network: Any = make_network(Row("DSelectK", {"gate": kind, "entropy": 0.5}), ["a", "b"])
    for p in network.parameters():
        p.data = 0.3 * torch.randn_like(p)
    X, batch = make_features(lengths), make_batch(lengths, ["a", "b"])
    _, losses = network(X, batch, ["a", "b"])
    rows = X
    if kind == "document":
        rows = torch.cat([x.mean(0, keepdim=True).expand(len(x), -1) for x in (X[:3], X[3:])])
    found = []
    for task in ("a", "b"):
        selectors = network.gates[task](rows).selectors
        found.append(torch.distributions.Categorical(probs=selectors).entropy().mean())
    assert losses["entropy"].item() == pytest.approx(
        float(torch.stack(found).mean().detach()), abs=1e-4
    )
    assert network.eval()(X, batch, ["a", "b"])[1] == {}


@pytest.mark.parametrize("n_experts", [4, 5])
def test_in_the_end_tasks_have_chosen(n_experts: int) -> None:
    """Others have exactly no weight. Related tasks choose alike."""
    alike = 0
    for seed in range(5):
        tasks = RelatedTasks(seed)
        network: Any = DSelectKNetwork(
            WIDTH,
            n_experts=n_experts,
            n_selected=2,
            hidden=Hidden(8, 1, 0.0),
            gate="task",
            gamma=5.0,
            entropy=read_strength("entropy", (0.01 * step for step in count()), TITLE),
            balance=0.0,
        )
        (table,) = tasks.train(network, 200).structure()
        assert table.columns == [f"expert {i + 1}" for i in range(n_experts)]
        at = torch.zeros(1, WIDTH)
        weights = [network.gates[task](at).weights[0].detach() for task in TASKS]
        assert all(1 <= int((each > 0).sum()) <= 2 for each in weights)
        assert all(float(each.sum()) == pytest.approx(1) for each in weights)
        first, related, unrelated = weights
        alike += float(first @ related) > float(first @ unrelated)
    assert alike >= 4


def test_more_experts_chosen_than_there_are() -> None:
    message = (
        r"'n_selected' of spacy_mtl.DSelectK.v1 is 3, but there are only 2 experts. Lower it, or "
        r"raise 'n_experts', in the block that has @architectures = \"spacy_mtl.DSelectK.v1\""
    )
    with pytest.raises(ValueError, match=message):
        make_model(Row("DSelectK", {"n_experts": 2, "n_selected": 3}))


@pytest.mark.parametrize(
    "setting, value, message",
    [
        ("n_experts", 0, "'n_experts' of .* is 0, but .* 1 or more"),
        ("n_selected", 0, "'n_selected' of .* is 0, but .* 1 or more"),
        ("gamma", 0.0, "'gamma' of .* is 0.0, but .* above 0"),
        ("gate", "all", '\'gate\' of .* is \'all\', but .* "task" or "token" or "document"'),
        ("entropy", -1, "'entropy' of .* is -1, but .* >= 0"),
        ("balance", -1, "'balance' of .* is -1, but .* >= 0"),
    ],
)
def test_settings_that_do_not_fit(setting: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"{message}.*Fix it in .*DSelectK"):
        make_model(Row("DSelectK", {setting: value}))

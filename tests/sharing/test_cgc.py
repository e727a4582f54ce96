"""Customized gate control: shared and private experts."""

from typing import Any

import pytest
import torch
from schemes import Row, make_batch, make_features, make_model, make_network

LENGTHS = [3, 0, 2]


def test_views() -> None:
    """A task mixes the shared experts and its own, which no other task reads."""
    torch.manual_seed(0)
    network: Any = make_network(Row("CGC", {"n_shared": 2, "n_private": 1}), ["a", "b"])
    for p in network.parameters():
        p.data = torch.randn_like(p)
    X = make_features(LENGTHS)
    views, losses = network(X, make_batch(LENGTHS, ["a", "b"]), ["b", "a"])
    assert (list(views), losses) == (["b", "a"], {})
    (level,) = network.levels
    for task, view in views.items():
        weights = torch.softmax(level.gates[task].logits(X), dim=1)
        hidden = torch.cat([level.shared(X), level.own[task](X)], dim=1)
        up = torch.cat([level.shared.up.weight, level.own[task].up.weight], dim=1)
        expected = X
        for i in range(3):
            own = slice(3 * i, 3 * i + 3)
            expected = expected + weights[:, i : i + 1] * (hidden[:, i] @ up[:, own].T)
        assert torch.allclose(view, expected)


def test_tables() -> None:
    network: Any = make_network(Row("CGC", {"n_shared": 2, "n_private": 1}), ["a", "b"])
    network(make_features([4]), make_batch([4], ["a", "b"]), ["a", "b"])
    network.note_closed(["a", "b"])
    (table,) = network.structure()
    assert (table.title, table.rows) == ("gates", ["a", "b"])
    assert table.columns == ["shared 1", "shared 2", "private 1"]
    assert [sum(values) for values in table.values] == pytest.approx([1, 1])


@pytest.mark.parametrize("name", ["CGC", "PLE"])
@pytest.mark.parametrize(
    "setting, value, message",
    [
        ("n_shared", 0, "'n_shared' of .* is 0, but .* 1 or more"),
        ("n_private", 0, "'n_private' of .* is 0, but .* 1 or more"),
        ("gate", "task", "'gate' of .* is 'task', but .* \"token\" or \"document\""),
        ("balance", -0.5, "'balance' of .* is -0.5, but .* >= 0"),
    ],
)
def test_settings_that_do_not_fit(name: str, setting: str, value: Any, message: str) -> None:
    where = f'.*Fix it in the block that has @architectures = "spacy_mtl.{name}.v1"'
    with pytest.raises(ValueError, match=message + where):
        make_model(Row(name, {setting: value}))

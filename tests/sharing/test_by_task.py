"""Modules by task, whatever the tasks are called."""

import pytest
import torch

from spacy_mtl.sharing.by_task import ByTask, Values


@pytest.mark.parametrize("name", ["ner", "keys", "training", "a.b", "a%2Eb", "tasks", "of ner", ""])
def test_any_name(name: str) -> None:
    modules = ByTask()
    values = Values(torch.ones(2))
    modules.add("other", Values(torch.zeros(2)))
    modules.add(name, values)
    assert modules[name] is values
    assert list(modules) == ["other", name]
    assert name in modules
    assert "unknown" not in modules
    assert len(list(modules.parameters())) == 2


def test_names_that_look_alike_are_kept_apart() -> None:
    modules = ByTask()
    for i, name in enumerate(["a.b", "a%2Eb", "a%b"]):
        modules.add(name, Values(torch.full((1,), float(i))))
    assert [float(modules[name].values.detach()) for name in modules] == [0.0, 1.0, 2.0]  # type: ignore
    assert len(modules.state_dict()) == 3

"""Parts of a torch network that belong to one task each, by the task's name."""

from typing import Iterator, List

import torch
from torch import Tensor


class ByTask(torch.nn.Module):
    """A module per task. Unlike `ModuleDict`, it accepts every task name, such as "keys" or "a.b".

    Parameters are named by task, so a task can be added later without renaming the others.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tasks: List[str] = []

    def add(self, task: str, module: torch.nn.Module) -> None:
        """Add the module of a task.

        task (str): The name of the task.
        module (Module): Its module.
        """
        self.tasks.append(task)
        self.add_module(_key(task), module)

    def __getitem__(self, task: str) -> torch.nn.Module:
        module: torch.nn.Module = getattr(self, _key(task))
        return module

    def __contains__(self, task: str) -> bool:
        return task in self.tasks

    def __iter__(self) -> Iterator[str]:
        return iter(self.tasks)


class Values(torch.nn.Module):
    """A single parameter as a module, for `ByTask`.

    values (Tensor): The initial values.
    """

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values = torch.nn.Parameter(values)


def renamed(name: str, old: str, new: str) -> str:
    """Rename a task in the name of a parameter or buffer.

    name (str): The name, with that of each module it is in.
    old (str): The name of the task so far.
    new (str): Its new name.
    RETURNS (str): The name afterwards.
    """
    parts = (_key(new) if part == _key(old) else part for part in name.split("."))
    return ".".join(parts)


def _key(task: str) -> str:
    # Torch forbids dots in the names of modules. The prefix keeps them apart from attributes.
    return "of " + task.replace("%", "%25").replace(".", "%2E")

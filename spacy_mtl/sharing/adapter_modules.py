"""The parts of a task's adapter, and one pass with the adapters of several tasks."""

import math
from abc import abstractmethod
from typing import Any, Dict, List, Mapping, Sequence, Tuple, cast

import torch
from torch import Tensor
from torch.nn.functional import dropout, relu

from ..encoder.adapted import Changes

#: The kinds of adapters, as in the setting 'kind'.
KINDS = ("lora", "bottleneck")


class Adapter(torch.nn.Module):
    """The adapter of a task: pairs of small matrices by the name of what they change.

    Untrained, it changes nothing.

    places (Mapping[str, Tuple[int, int]]): The numbers of outputs and inputs of what is changed.
    rank (int): The number of rows of the first matrix of a pair, and of columns of the second one.
    """

    def __init__(self, places: Mapping[str, Tuple[int, int]], rank: int) -> None:
        super().__init__()
        self.down, self.up = torch.nn.ParameterDict(), torch.nn.ParameterDict()
        for name, (n_outputs, n_inputs) in places.items():
            self.down[key_of(name)] = _random(rank, n_inputs)
            self.up[key_of(name)] = torch.nn.Parameter(torch.zeros(n_outputs, rank))


def key_of(name: str) -> str:
    """RETURNS (str): The name of what is changed, as the name of a parameter."""
    # Torch forbids dots.
    return name.replace(".", "/")


def name_of(key: str) -> str:
    """RETURNS (str): What `key_of` made a name of a parameter from."""
    return key.replace("/", ".")


class AdapterChanges(Changes):
    """What the adapters of some tasks change in one pass.

    adapters (Sequence[Adapter]): The adapters, one per task.
    dropout (float): How often an input of an adapter is left out, while training.
    is_train (bool): Whether to train.
    """

    def __init__(self, adapters: Sequence[Adapter], *, dropout: float, is_train: bool) -> None:
        self._adapters = list(adapters)
        self._dropout = dropout
        self._is_train = is_train
        self.n_copies = len(adapters)
        # The same for all micro-batches.
        self._stacked: Dict[str, Tuple[Tensor, Tensor]] = {}

    @abstractmethod
    def of_linear(self, name: str, X: Tensor, output: Tensor) -> Tensor: ...

    @abstractmethod
    def of_layer(self, number: int, hidden: Tensor) -> Tensor: ...

    def _matrices(self, name: str) -> Tuple[Tensor, Tensor]:
        """RETURNS (Tuple[Tensor, Tensor]): Those of all tasks. *Shapes:* (n_tasks, n_inputs, rank)
        and (n_tasks, rank, n_outputs)."""
        key = key_of(name)
        if key not in self._stacked:
            down = torch.stack([adapter.down[key] for adapter in self._adapters])
            up = torch.stack([adapter.up[key] for adapter in self._adapters])
            self._stacked[key] = down.transpose(1, 2), up.transpose(1, 2)
        return self._stacked[key]

    def _drop(self, X: Tensor) -> Tensor:
        return dropout(X, self._dropout, self._is_train and self._dropout > 0)

    def _by_task(self, X: Tensor) -> Tensor:
        return X.reshape(self.n_copies, -1, X.shape[-1])


class LowRank(AdapterChanges):
    """LoRA: a matrix of low rank is added to that of a linear layer.

    names (Sequence[str]): The names of the linear layers.
    scale (float): What the product of the two matrices is multiplied with.
    """

    def __init__(self, adapters: Sequence[Adapter], *, scale: float, **settings: Any) -> None:
        super().__init__(adapters, **settings)
        self._scale = scale

    def of_linear(self, name: str, X: Tensor, output: Tensor) -> Tensor:
        down, up = self._matrices(name)
        found = torch.bmm(torch.bmm(self._by_task(self._drop(X)), down), up)
        return output + self._scale * found.view(output.shape)

    def of_layer(self, number: int, hidden: Tensor) -> Tensor:
        return hidden


class Bottlenecks(AdapterChanges):
    """Bottlenecks: what a layer returns goes through a narrow network, and is added to itself."""

    def of_linear(self, name: str, X: Tensor, output: Tensor) -> Tensor:
        return output

    def of_layer(self, number: int, hidden: Tensor) -> Tensor:
        down, up = self._matrices(place_of_layer(number))
        found = torch.bmm(relu(torch.bmm(self._by_task(self._drop(hidden)), down)), up)
        return hidden + found.view(hidden.shape)


def place_of_layer(number: int) -> str:
    """RETURNS (str): The name of a layer as something that is changed."""
    return f"layers.{number}"


def merged(adapter: Adapter, name: str, scale: float) -> Tensor:
    """Compute what a low-rank adapter adds to the matrix of a linear layer.

    adapter (Adapter): The adapter.
    name (str): The name of the linear layer.
    scale (float): See `LowRank`.
    RETURNS (Tensor): The matrix to add. *Shape:* (n_outputs, n_inputs).
    """
    key = key_of(name)
    return cast(Tensor, scale * (adapter.up[key] @ adapter.down[key]))


def names_in(adapter: Adapter) -> List[str]:
    """RETURNS (List[str]): The names of what an adapter changes."""
    return [name_of(key) for key in adapter.down]


def _random(n_rows: int, n_inputs: int) -> torch.nn.Parameter:
    values = torch.empty(n_rows, n_inputs)
    # As in the authors' code of LoRA.
    torch.nn.init.kaiming_uniform_(values, a=math.sqrt(5))
    return torch.nn.Parameter(values)


def sizes_by_layer(adapter: Any, scale: float, n_layers: int) -> List[float]:
    """RETURNS (List[float]): How much an adapter changes each layer: the norm of its matrices."""
    sizes = [0.0] * n_layers
    with torch.no_grad():
        for name in names_in(adapter):
            sizes[int(name.split(".")[1])] += float(merged(adapter, name, scale).norm()) ** 2
    return [size**0.5 for size in sizes]

"""Save and restore the random states of Python, numpy, torch and the GPUs."""

import random
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List

import numpy


def get_chance() -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The states of all generators, for msgpack."""
    import torch

    state: Dict[str, Any] = {"data": get_data_chance(), "torch": torch.get_rng_state().numpy()}
    if torch.cuda.is_available():
        state["cuda"] = [each.numpy() for each in torch.cuda.get_rng_state_all()]
    return state


def set_chance(state: Dict[str, Any]) -> None:
    """Restore the states from `get_chance`.

    state (Dict[str, Any]): The states.
    """
    import torch

    set_data_chance(state["data"])
    torch.set_rng_state(torch.from_numpy(numpy.array(state["torch"])))
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([torch.from_numpy(numpy.array(s)) for s in state["cuda"]])


def get_data_chance() -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The states of the generators used by corpora and batchers."""
    version, numbers, gauss = random.getstate()
    kind, keys, place, has_gauss, cached = numpy.random.get_state()
    return {
        "python": [version, numpy.asarray(numbers, dtype="uint32"), gauss],
        "numpy": [kind, keys, place, has_gauss, cached],
    }


def set_data_chance(state: Dict[str, Any]) -> None:
    """Restore all or some of the states from `get_data_chance`.

    state (Dict[str, Any]): The states, by generator.
    """
    if "python" in state:
        version, numbers, gauss = state["python"]
        random.setstate((version, tuple(int(n) for n in numbers), gauss))
    if "numpy" in state:
        numpy.random.set_state(tuple(state["numpy"]))


@contextmanager
def unchanged_chance() -> Iterator[None]:
    """Let what happens inside, such as loading a network, have no effect on later random draws."""
    state = get_chance()
    try:
        yield
    finally:
        set_chance(state)


def is_same_chance(one: List[Any], other: List[Any]) -> bool:
    """RETURNS (bool): Whether two states of a generator are the same."""
    return all(
        numpy.array_equal(a, b) if isinstance(a, numpy.ndarray) else a == b
        for a, b in zip(one, other)
    )

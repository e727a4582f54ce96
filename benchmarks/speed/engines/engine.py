"""An engine: runs the bare encoder, if it is installed."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Callable, List, Optional, Tuple

from ..bare import Batch, Encode


@dataclass(frozen=True)
class Engine:
    """An engine in a precision.

    name (str): How the tables call it: "bare ...", then the precision unless it is float32.
    make (Callable): Makes the contestant of the network, the batches, and the number of threads.
        None if it is no use here.
    precision (str): "fp32", "tf32" (a GPU's faster products of float32), "bf16" or "int8".
    packages (Tuple[str, ...]): What it imports. All are called the same on PyPI.
    devices (Tuple[str, ...]): Where it is measured: "cpu", "cuda".
    least_threads (int): With fewer threads, it is the same as another.
    option (str): The option of the command line that asks for it, if it is not always measured.
    """

    name: str
    make: Callable[[Any, List[Batch], int], Optional[Encode]]
    precision: str = "fp32"
    packages: Tuple[str, ...] = ()
    devices: Tuple[str, ...] = ("cpu",)
    least_threads: int = 1
    option: str = ""

    @property
    def missing(self) -> List[str]:
        """RETURNS (List[str]): The packages that are not installed."""
        return [package for package in self.packages if find_spec(package) is None]

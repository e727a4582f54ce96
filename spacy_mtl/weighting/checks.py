"""What a method is refused for: its tasks, where it would work, what is not installed."""

import math
import warnings
from importlib.util import find_spec
from typing import Dict, Optional, Sequence

from .ranges import BLOCK


def check_number_of_tasks(method: str, tasks: Sequence[str]) -> None:
    """Refuse to weigh no task, and warn of one alone.

    method (str): The name of the method.
    tasks (Sequence[str]): The tasks of the pipeline.
    RAISES (ValueError): If there is none.
    """
    if not tasks:
        raise ValueError(
            f"{method} has no task to weigh: no head listens to the 'mtl' component. Add "
            "one after it, with a spacy_mtl.TaskListener.v1 whose upstream is its name."
        )
    if len(tasks) == 1:
        warnings.warn(
            f"{method} weighs tasks against each other and needs two or more, but this "
            f"pipeline has one, '{tasks[0]}'. It is trained with its own gradient, times its "
            f"weight. spacy_mtl.Constant.v1 in {BLOCK} says the same."
        )


def check_at_parameters(method: str, gradients: str) -> None:
    """Refuse a method that works with gradients at the parameters only, elsewhere.

    method (str): The name of the method.
    gradients (str): Where gradients are taken: "representation" or "parameters".
    RAISES (ValueError): If it is not at the parameters.
    """
    if gradients != "parameters":
        raise ValueError(
            f"{method} keeps a number for each value of a gradient, and at the shared "
            'representation there are others in every batch. Set gradients = "parameters" '
            "in the block of the 'mtl' component (usually [components.mtl])."
        )


def check_installed(method: str, libraries: Sequence[str], package: str) -> None:
    """Refuse to train without libraries that a method needs.

    method (str): The name of the method.
    libraries (Sequence[str]): What it imports.
    package (str): What installs them.
    RAISES (ImportError): If one is missing.
    """
    missing = [name for name in libraries if find_spec(name) is None]
    if missing:
        raise ImportError(
            f"{method} needs {', '.join(missing)} for training. Install it: "
            f'pip install "{package}". (A trained pipeline needs it no more.)'
        )


def check_finite(
    method: str, sizes: Dict[str, float], losses: Optional[Dict[str, float]] = None
) -> None:
    """Refuse gradients and losses that are not finite.

    method (str): The name of the method.
    sizes (Dict[str, float]): The largest value of each task's gradient.
    losses (Optional[Dict[str, float]]): The tasks' losses, for methods that look at them.
    RAISES (ValueError): If one is not finite.
    """
    for task, size in sizes.items():
        for what, value in (("gradient", size), ("loss", losses[task] if losses else 0.0)):
            if not math.isfinite(value):
                raise ValueError(
                    f"The {what} of the task '{task}' is not finite ({value}), so {method} "
                    "cannot weigh it: the training has diverged. Lower the learning rate in "
                    "[training.optimizer] or the weight of the task, and look at its data."
                )

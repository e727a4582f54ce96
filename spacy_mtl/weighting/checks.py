"""Checks of methods: their tasks, where they work, what they need installed, finite values."""

import math
import warnings
from importlib.util import find_spec
from typing import Dict, Optional, Sequence

from .ranges import BLOCK


def check_number_of_tasks(method: str, tasks: Sequence[str]) -> None:
    """Reject pipelines without tasks, and warn about a single task.

    method (str): The name of the method.
    tasks (Sequence[str]): The tasks of the pipeline.
    RAISES (ValueError): If there is no task.
    """
    if not tasks:
        raise ValueError(
            f"{method} has no task to weigh: no head listens to the 'mtl' component. Add one "
            "after it, with a spacy_mtl.TaskListener.v1 whose 'upstream' names that component."
        )
    if len(tasks) == 1:
        warnings.warn(
            f"{method} weighs tasks against each other and needs two or more, but this pipeline "
            f"has only '{tasks[0]}'. It is trained with its own gradient times its weight, as "
            f"with spacy_mtl.Constant.v1 in {BLOCK}."
        )


def check_at_parameters(method: str, gradients: str, reason: str) -> None:
    """Reject other levels for a method that needs gradients at the parameters.

    method (str): The name of the method.
    gradients (str): Where gradients are taken: "representation" or "parameters".
    reason (str): Why, to follow its name.
    RAISES (ValueError): If it is not "parameters".
    """
    if gradients != "parameters":
        raise ValueError(
            f"{method} {reason}. Set gradients = \"parameters\" in the block of the 'mtl' "
            "component (usually [components.mtl]), or a weighting that works at the "
            f"representation, such as spacy_mtl.Constant.v1, in {BLOCK}."
        )


def check_installed(method: str, libraries: Sequence[str], package: str) -> None:
    """Reject training without libraries that a method needs.

    method (str): The name of the method.
    libraries (Sequence[str]): The libraries it imports.
    package (str): The package to install.
    RAISES (ImportError): If one is missing.
    """
    missing = [name for name in libraries if find_spec(name) is None]
    if missing:
        raise ImportError(
            f"{method} needs {', '.join(missing)} for training. Install it: "
            f'pip install "{package}". (The trained pipeline does not need it.)'
        )


def check_finite(
    method: str, sizes: Dict[str, float], losses: Optional[Dict[str, float]] = None
) -> None:
    """Reject gradients and losses that are not finite.

    method (str): The name of the method.
    sizes (Dict[str, float]): The largest value of each task's gradient.
    losses (Optional[Dict[str, float]]): The tasks' losses, for methods that use them.
    RAISES (ValueError): If a value is not finite.
    """
    for task, size in sizes.items():
        for what, value in (("gradient", size), ("loss", losses[task] if losses else 0.0)):
            if not math.isfinite(value):
                raise ValueError(
                    f"The {what} of the task '{task}' is not finite ({value}), so {method} "
                    "cannot weigh it: the training has diverged. Lower the learning rate in "
                    "[training.optimizer] or the weight of the task, and check its data."
                )

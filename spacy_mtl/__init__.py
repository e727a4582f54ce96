"""Multi-task learning for spaCy: several heads on one shared encoder, trained jointly.

Importing this package is cheap: it only adds the registries. spaCy finds factories and
architectures through their entry points and imports them when a config names them.
"""

from typing import Any

from . import registry

__version__ = "0.1.0"
__all__ = [
    "MultiTask",
    "TaskListener",
    "load_adapter",
    "read_log",
    "registry",
    "rehearse",
    "save_adapter",
]


def __getattr__(name: str) -> Any:
    if name == "MultiTask":
        from .joint.component import MultiTask

        return MultiTask
    if name == "TaskListener":
        from .joint.listener import TaskListener

        return TaskListener
    if name == "read_log":
        from .report.training_log import read_log

        return read_log
    if name in ("load_adapter", "save_adapter"):
        from .deploy import adapters

        return getattr(adapters, name)
    if name == "rehearse":
        from .heads.rehearsal import rehearse

        return rehearse
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

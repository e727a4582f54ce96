"""What is done with trained pipelines: checking, quantizing, calibrating, annotating."""

from typing import Any

__all__ = ["Annotator"]


def __getattr__(name: str) -> Any:
    if name == "Annotator":
        from .annotator import Annotator

        return Annotator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The types that pass between the stations of the data flow, with their shapes."""

from .monitor import Monitor, Observer, StepReport
from .schedule import Progress, Schedule
from .structure import StructureTable
from .views import (
    CORPUS_KEY,
    TASKS_KEY,
    Annotated,
    Encoder,
    Features,
    Sharing,
    TokenVectors,
    Trunk,
    ViewCallback,
    Views,
)
from .weighting import Combined, LossAndGradient, Weighting

__all__ = [
    "CORPUS_KEY",
    "TASKS_KEY",
    "Annotated",
    "Combined",
    "Encoder",
    "Features",
    "LossAndGradient",
    "Monitor",
    "Observer",
    "Progress",
    "Schedule",
    "Sharing",
    "StepReport",
    "StructureTable",
    "TokenVectors",
    "Trunk",
    "ViewCallback",
    "Views",
    "Weighting",
]

"""The types that pass between the stations of the data flow, with their shapes."""

from .monitor import Monitor, Observer, StepReport
from .schedule import Progress, Schedule
from .views import (
    TASKS_KEY,
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
    "TASKS_KEY",
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
    "TokenVectors",
    "Trunk",
    "ViewCallback",
    "Views",
    "Weighting",
]

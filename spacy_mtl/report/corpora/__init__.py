"""Report what the corpora of a config have for each task, before hours of training."""

from .counts import CorpusCounts, TaskCounts, count_corpus, scored_tasks
from .inspection import Inspection, inspect_corpora
from .mix import mix_of, planned_sampler
from .problems import Problem, problems_of
from .window import Window, window_of

__all__ = [
    "CorpusCounts",
    "Inspection",
    "Problem",
    "TaskCounts",
    "Window",
    "count_corpus",
    "inspect_corpora",
    "mix_of",
    "planned_sampler",
    "problems_of",
    "scored_tasks",
    "window_of",
]

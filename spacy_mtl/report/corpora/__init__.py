"""Report what the corpora of a config have for each task, before hours of training."""

from .counts import CorpusCounts, TaskCounts, count_corpus, scored_tasks
from .mix import mix_of, planned_sampler
from .problems import Problem, problems_of
from .window import Window, window_of

__all__ = [
    "CorpusCounts",
    "Problem",
    "TaskCounts",
    "Window",
    "count_corpus",
    "mix_of",
    "planned_sampler",
    "problems_of",
    "scored_tasks",
    "window_of",
]

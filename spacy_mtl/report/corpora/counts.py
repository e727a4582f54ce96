"""Count the annotation of a corpus for each task."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Dict, Iterable, List, Optional

from spacy.language import Language
from spacy.training import Example

from ...corpus.annotation import TaskGold
from ...tasks.stock import task_of
from .window import Window


@dataclass
class TaskCounts:
    """The annotation of a corpus for a task.

    n_texts (int): The number of texts annotated for it.
    labels (Counter): How often each label is annotated, in tokens, entities or texts.
    knows_labels (bool): Whether labels can be counted, which some stock components don't allow.
    n_unfit (int): The entities that begin or end with whitespace, or have no word or no label.
    """

    n_texts: int = 0
    labels: Counter = field(default_factory=Counter)
    knows_labels: bool = True
    n_unfit: int = 0


@dataclass
class CorpusCounts:
    """The annotation of a corpus.

    n_texts (int): The number of texts in a pass, including repetitions.
    n_tokens (int): The number of their tokens.
    tasks (Dict[str, TaskCounts]): The counts by task.
    n_long (int): The texts that don't fit in one window of the encoder. None if no encoder has
        windows.
    """

    n_texts: int = 0
    n_tokens: int = 0
    tasks: Dict[str, TaskCounts] = field(default_factory=dict)
    n_long: Optional[int] = None


def count_corpus(
    nlp: Language, examples: Iterable[Example], tasks: Iterable[str], window: Optional[Window]
) -> CorpusCounts:
    """Count the annotation of a corpus.

    nlp (Language): The pipeline.
    examples (Iterable[Example]): The corpus.
    tasks (Iterable[str]): The tasks that it annotates.
    window (Optional[Window]): The window of the encoder.
    RETURNS (CorpusCounts): The counts.
    """
    gold = {task: TaskGold(nlp, task) for task in tasks}
    counts = CorpusCounts(
        tasks={
            task: TaskCounts(knows_labels=found.task.knows_labels) for task, found in gold.items()
        }
    )
    if window is not None:
        counts.n_long = 0
    for example in examples:
        counts.n_texts += 1
        counts.n_tokens += len(example.predicted)
        if window is not None and counts.n_long is not None:
            counts.n_long += window.is_exceeded_by(example)
        for task, found in counts.tasks.items():
            found.n_texts += gold[task].is_in(example.reference)
            found.n_unfit += gold[task].task.count_unfit(example)
            for label in gold[task].labels(example):
                # Texts also list categories that don't hold.
                found.labels[label] += example.reference.cats.get(label, 1.0) > 0
    return counts


def scored_tasks(nlp: Language) -> List[str]:
    """RETURNS (List[str]): The components that are trained and have scores."""
    return [
        name
        for name in nlp.pipe_names
        if task_of(nlp, name).is_trainable and nlp.get_pipe_meta(name).default_score_weights
    ]

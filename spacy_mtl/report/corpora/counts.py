"""What a corpus has of each task."""

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
    """What a corpus has of a task.

    n_texts (int): The texts with annotation for it.
    labels (Counter): How often each label is annotated: tokens, entities, texts.
    knows_labels (bool): Whether labels can be counted: not those of all stock components.
    n_unfit (int): The entities that begin or end with whitespace, or have no word or no label.
    """

    n_texts: int = 0
    labels: Counter = field(default_factory=Counter)
    knows_labels: bool = True
    n_unfit: int = 0


@dataclass
class CorpusCounts:
    """What a corpus has.

    n_texts (int): Its texts, as often as they are read in a pass.
    n_tokens (int): Their tokens.
    tasks (Dict[str, TaskCounts]): By task.
    n_long (int): The texts that the encoder cannot read in one window. None if there is no
        encoder with windows.
    """

    n_texts: int = 0
    n_tokens: int = 0
    tasks: Dict[str, TaskCounts] = field(default_factory=dict)
    n_long: Optional[int] = None


def count_corpus(
    nlp: Language, examples: Iterable[Example], tasks: Iterable[str], window: Optional[Window]
) -> CorpusCounts:
    """Count what a corpus has.

    nlp (Language): The pipeline.
    examples (Iterable[Example]): The corpus.
    tasks (Iterable[str]): The tasks that it annotates.
    window (Optional[Window]): That of the encoder.
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
                # Texts list the categories that they have not, too.
                found.labels[label] += example.reference.cats.get(label, 1.0) > 0
    return counts


def scored_tasks(nlp: Language) -> List[str]:
    """RETURNS (List[str]): The components that are trained and have scores."""
    return [
        name
        for name in nlp.pipe_names
        if task_of(nlp, name).is_trainable and nlp.get_pipe_meta(name).default_score_weights
    ]

"""The labels of all texts, for components that spaCy shows the first ones only."""

import warnings
from functools import partial
from typing import Callable, Dict, Iterable

from spacy.language import Language
from spacy.training import Example

from .annotation import TaskGold


def add_labels(
    nlp: Language,
    tasks: Iterable[str],
    labels: Dict[str, Dict[str, None]],
    read: Callable[[str], Iterable[Example]],
) -> None:
    """Have components know their labels before they are initialised.

    With max_epochs = -1, they are initialised with the first 100 texts of a corpus. Labels that
    the config names are left to it.

    nlp (Language): The pipeline.
    tasks (Iterable[str]): The components.
    labels (Dict[str, Dict[str, None]]): By task, those that all texts have.
    read (Callable[[str], Iterable[Example]]): Reads all texts that are annotated for a task.
    """
    for task in tasks:
        gold = TaskGold(nlp, task)
        if gold.named is not None:
            continue
        if not gold.task.prepare_labels(labels.get(task, ()), partial(read, task)):
            warnings.warn(
                f"With max_epochs = -1 spaCy shows '{task}' the first 100 texts only, and what its "
                "labels are is not known here: rare ones may be missing. Have them written by "
                f"`spacy init labels`, and name the file in [initialize.components.{task}.labels].",
                stacklevel=2,
            )

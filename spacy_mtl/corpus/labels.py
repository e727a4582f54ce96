"""Collect labels from all texts for components that spaCy only shows the first ones."""

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
    """Add labels to components before they are initialized.

    With max_epochs = -1, spaCy initializes them with the first 100 texts of a corpus. Labels
    given in the config are left alone.

    nlp (Language): The pipeline.
    tasks (Iterable[str]): The components.
    labels (Dict[str, Dict[str, None]]): By task, the labels found in all texts.
    read (Callable[[str], Iterable[Example]]): Reads all texts annotated for a task.
    """
    for task in tasks:
        gold = TaskGold(nlp, task)
        if gold.named is not None:
            continue
        if not gold.task.prepare_labels(labels.get(task, ()), partial(read, task)):
            warnings.warn(
                f"With max_epochs = -1, spaCy shows '{task}' only the first 100 texts, and its "
                "labels cannot be found in advance: rare ones may be missing. Write them with "
                f"`spacy init labels`, and set the file in [initialize.components.{task}.labels].",
                stacklevel=2,
            )

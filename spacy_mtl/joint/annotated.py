"""Which tasks the documents of a batch are annotated for, for schemes that ask."""

from typing import Mapping, Sequence

from spacy.training import Example

from ..tasks.task import Task
from ..types import CORPUS_KEY, TASKS_KEY, Annotated


def annotated_tasks(examples: Sequence[Example], adapters: Mapping[str, Task]) -> Annotated:
    """Find the annotated tasks and the corpus of each document.

    examples (Sequence[Example]): The batch.
    adapters (Mapping[str, Task]): The tasks.
    RETURNS (Annotated): One entry per document.
    """
    tasks = [
        frozenset(
            name
            for name, task in adapters.items()
            if name in eg.reference.user_data.get(TASKS_KEY, (name,))
            and task.has_gold(eg.reference)
        )
        for eg in examples
    ]
    return Annotated(tasks, [eg.reference.user_data.get(CORPUS_KEY) for eg in examples])

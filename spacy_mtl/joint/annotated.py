"""Which tasks the documents of a batch are annotated for, and where they come from."""

from collections import Counter
from typing import Dict, List, Mapping, Optional, Sequence

from spacy.training import Example

from ..tasks.task import Task
from ..types import CORPUS_KEY, TASKS_KEY, Annotated


def annotated_tasks(
    examples: Sequence[Example], tasks: Sequence[str], adapters: Mapping[str, Task]
) -> Annotated:
    """Find the annotated tasks and the corpus of each document.

    examples (Sequence[Example]): The batch.
    tasks (Sequence[str]): The names of the tasks.
    adapters (Mapping[str, Task]): Those whose components are known. Documents count as annotated
        for the others, unless their corpus declares otherwise.
    RETURNS (Annotated): One entry per document. A task with a teacher counts as annotated in
        every document with tokens, whatever its corpus declares.
    """
    taught = {name for name, task in adapters.items() if task.is_taught}
    found = [
        frozenset(name for name in tasks if _is_present(eg, name, name in taught, adapters))
        for eg in examples
    ]
    return Annotated(found, [eg.reference.user_data.get(CORPUS_KEY) for eg in examples])


def present_tasks(
    annotated: Annotated, tasks: Sequence[str], adapters: Mapping[str, Task]
) -> List[str]:
    """Find the tasks that need a view of a batch.

    annotated (Annotated): What its documents are annotated for.
    tasks (Sequence[str]): The tasks to choose from.
    adapters (Mapping[str, Task]): Those whose components are known.
    RETURNS (List[str]): All but those that will skip the batch.
    """
    found = frozenset().union(*annotated.tasks)
    return [name for name in tasks if name in found or not _skips(adapters.get(name))]


def corpus_counts(examples: Sequence[Example]) -> Dict[str, int]:
    """Find out which corpora the documents of a batch are from.

    examples (Sequence[Example]): The batch.
    RETURNS (Dict[str, int]): The number from each corpus. Documents of unknown origin don't count.
    """
    names = Counter(eg.reference.user_data.get(CORPUS_KEY) for eg in examples)
    return {name: n for name, n in names.items() if name is not None}


def _is_present(eg: Example, name: str, is_taught: bool, adapters: Mapping[str, Task]) -> bool:
    if is_taught and len(eg.predicted):
        return True
    is_declared = name in eg.reference.user_data.get(TASKS_KEY, (name,))
    return is_declared and (name not in adapters or adapters[name].has_gold(eg.reference))


def _skips(task: Optional[Task]) -> bool:
    return task is not None and task.skips

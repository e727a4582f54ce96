"""Which tasks the documents of a batch are annotated for, and where they come from."""

from collections import Counter
from typing import Dict, Mapping, Sequence

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


def corpus_shares(examples: Sequence[Example]) -> Dict[str, float]:
    """Find out which corpora the documents of a batch are from.

    examples (Sequence[Example]): The batch.
    RETURNS (Dict[str, float]): The share of each corpus. Documents of unknown origin don't count.
    """
    names = Counter(eg.reference.user_data.get(CORPUS_KEY) for eg in examples)
    return {name: n / len(examples) for name, n in names.items() if name is not None}


def _is_present(eg: Example, name: str, is_taught: bool, adapters: Mapping[str, Task]) -> bool:
    if is_taught and len(eg.predicted):
        return True
    is_declared = name in eg.reference.user_data.get(TASKS_KEY, (name,))
    return is_declared and (name not in adapters or adapters[name].has_gold(eg.reference))

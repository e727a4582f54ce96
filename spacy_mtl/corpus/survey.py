"""Read corpora once to find their sizes and labels."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterable
from weakref import WeakKeyDictionary

from spacy.language import Language
from spacy.training import Example

from .annotation import TaskGold
from .spec import CorpusSpec


@dataclass
class Survey:
    """The sizes and labels of all corpora.

    sizes (Dict[str, int]): The number of texts in each corpus, in config order.
    labels (Dict[str, Dict[str, None]]): By task, its labels in the order they were found.
    """

    sizes: Dict[str, int] = field(default_factory=dict)
    labels: Dict[str, Dict[str, None]] = field(default_factory=dict)


#: By pipeline: initialization and training each have a reader, but of the same files.
_FOUND: "WeakKeyDictionary[Language, Dict[Any, Survey]]" = WeakKeyDictionary()


def look_through(
    nlp: Language, specs: Iterable[CorpusSpec], read: Callable[[str], Iterable[Example]]
) -> Survey:
    """Survey corpora, reading the same files only once per pipeline.

    nlp (Language): The pipeline.
    specs (Iterable[CorpusSpec]): The corpora.
    read (Callable[[str], Iterable[Example]]): Reads the corpus of that name.
    RETURNS (Survey): Their sizes and labels.
    RAISES (ValueError): If a corpus is empty, or has no annotation for a task that it declares.
    """
    specs = list(specs)
    if not all(isinstance(spec.path, Path) for spec in specs):
        # A custom reader may return different texts each time.
        return _look_through(nlp, specs, read)
    known = _FOUND.setdefault(nlp, {})
    key = tuple((spec, spec.stamp) for spec in specs)
    if key not in known:
        known[key] = _look_through(nlp, specs, read)
    return known[key]


def _look_through(
    nlp: Language, specs: Iterable[CorpusSpec], read: Callable[[str], Iterable[Example]]
) -> Survey:
    found = Survey()
    for spec in specs:
        gold = {task: TaskGold(nlp, task) for task in spec.tasks}
        # One with a teacher also learns from texts without its annotation.
        missing = {task for task, of_task in gold.items() if not of_task.task.has_teacher}
        n_texts = 0
        for example in read(spec.name):
            n_texts += 1
            for task, of_task in gold.items():
                found.labels.setdefault(task, {}).update(dict.fromkeys(of_task.labels(example)))
                if task in missing and of_task.is_in(example.reference):
                    missing.discard(task)
        spec.check_found(n_texts, missing)
        found.sizes[spec.name] = n_texts
    return found

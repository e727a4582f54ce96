"""Which annotation a task reads, and whether a text has it."""

from typing import Any, Iterable, Optional, Set

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from ..tasks.clearing import clear
from ..tasks.kinds import KINDS, has
from ..tasks.stock import task_of

__all__ = ["KINDS", "TaskGold", "clear", "has", "kinds_of"]


def kinds_of(nlp: Language, task: str) -> Set[str]:
    """Tell what annotation a component is trained on.

    nlp (Language): The pipeline.
    task (str): The name of the component.
    RETURNS (Set[str]): Such as "tags". Empty if that is not known.
    """
    return task_of(nlp, task).kinds


class TaskGold:
    """What a task has in gold documents.

    nlp (Language): The pipeline.
    task (str): The name of the component.
    """

    def __init__(self, nlp: Language, task: str) -> None:
        self.task = task_of(nlp, task)
        self.kinds = self.task.kinds
        block = nlp.config.interpolate()["initialize"]["components"].get(task, {})
        named = registry.resolve({"labels": block.get("labels")})["labels"]
        #: The labels that the config names, if it does.
        self.named: Optional[Set[str]] = None if named is None else _flat(named)

    def labels(self, example: Example) -> Iterable[str]:
        """Find the labels in an example, each as often as it is annotated.

        example (Example): The example.
        RETURNS (Iterable[str]): The labels, of those that the config names if it does; none
            where it is not known how the component is annotated.
        """
        # A head of exclusive categories refuses those of another among its own.
        if self.named is not None and self.kinds == {"categories"}:
            found: Iterable[str] = list(example.reference.cats)
        else:
            (own,) = self.task.own_examples([example])
            found = self.task.count_labels(own)
        return found if self.named is None else [each for each in found if each in self.named]

    def is_in(self, doc: Doc) -> bool:
        """RETURNS (bool): Whether there is annotation; True also where that is not known."""
        return self.task.has_gold(doc)


def _flat(labels: Any) -> Set[str]:
    """The labels that `spacy init labels` has written: for a parser, or spaCy's ner, by action."""
    if isinstance(labels, dict) and all(isinstance(found, dict) for found in labels.values()):
        return {label for found in labels.values() for label in found}
    return set(labels)

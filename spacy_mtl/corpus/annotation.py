"""Find out which annotation a task reads, and whether a text has it."""

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
    """Get the kinds of annotation that a component is trained on.

    nlp (Language): The pipeline.
    task (str): The name of the component.
    RETURNS (Set[str]): For example "tags". Empty if unknown.
    """
    return task_of(nlp, task).kinds


class TaskGold:
    """A task's annotation in gold documents.

    nlp (Language): The pipeline.
    task (str): The name of the component.
    """

    def __init__(self, nlp: Language, task: str) -> None:
        self.task = task_of(nlp, task)
        self.kinds = self.task.kinds
        block = nlp.config.interpolate()["initialize"]["components"].get(task, {})
        named = registry.resolve({"labels": block.get("labels")})["labels"]
        #: The labels given in the config, if any.
        self.named: Optional[Set[str]] = None if named is None else _flat(named)

    def labels(self, example: Example) -> Iterable[str]:
        """List a task's labels in an example, repeated as often as they occur.

        example (Example): The example.
        RETURNS (Iterable[str]): The labels, limited to those given in the config, if any. Empty
            if it is unknown how the component is annotated.
        """
        # A head with exclusive categories rejects another head's categories mixed with its own.
        if self.named is not None and self.kinds == {"categories"}:
            found: Iterable[str] = list(example.reference.cats)
        else:
            (own,) = self.task.own_examples([example])
            found = self.task.count_labels(own)
        return found if self.named is None else [each for each in found if each in self.named]

    def is_in(self, doc: Doc) -> bool:
        """RETURNS (bool): Whether the document is annotated. Also True if that is unknown."""
        return self.task.has_gold(doc)


def _flat(labels: Any) -> Set[str]:
    """Flatten labels written by `spacy init labels`. Parser and spaCy NER labels are by action."""
    if isinstance(labels, dict) and all(isinstance(found, dict) for found in labels.values()):
        return {label for found in labels.values() for label in found}
    return set(labels)

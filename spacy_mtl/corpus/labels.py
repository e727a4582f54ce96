"""The labels of all texts, for components that spaCy shows the first ones only."""

import warnings
from typing import Any, Callable, Dict, Iterable

from spacy.language import Language
from spacy.pipeline import DependencyParser, EditTreeLemmatizer, TrainablePipe
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
        pipe: Any = nlp.get_pipe(task)
        gold = TaskGold(nlp, task)
        if gold.named is not None:
            continue
        if isinstance(pipe, DependencyParser):
            _add_actions(pipe, read(task))
        elif isinstance(pipe, EditTreeLemmatizer):
            _add_trees(pipe, read(task))
        elif gold.knows_labels:
            for label in labels.get(task, ()) if _has_labels(pipe) else ():
                pipe.add_label(label)
        elif getattr(pipe, "label_data", None) is not None:
            warnings.warn(
                f"With max_epochs = -1 spaCy shows '{task}' the first 100 texts only, and what its "
                "labels are is not known here: rare ones may be missing. Have them written by "
                f"`spacy init labels`, and name the file in [initialize.components.{task}.labels].",
                stacklevel=2,
            )


def _has_labels(pipe: Any) -> bool:
    # Else it has that of its base class, which raises an error.
    return type(pipe).add_label is not TrainablePipe.add_label


def _add_actions(parser: Any, examples: Iterable[Example]) -> None:
    # As its `initialize` does: `add_label` would add each label to actions that have none.
    actions = parser.moves.get_actions(
        examples=examples,
        min_freq=parser.cfg["min_action_freq"],
        learn_tokens=parser.cfg["learn_tokens"],
    )
    for action, found in actions.items():
        for label in sorted(found, key=found.__getitem__, reverse=True):
            parser.moves.add_action(action, label)


def _add_trees(lemmatizer: EditTreeLemmatizer, examples: Iterable[Example]) -> None:
    # It has no public way. Those of the first texts are among them.
    lemmatizer._labels_from_data(lambda: examples)

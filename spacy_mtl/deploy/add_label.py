"""Adding labels to a head of a trained pipeline."""

from dataclasses import dataclass
from typing import Any, Dict, List, Sequence

from spacy.language import Language

from ..compat.spacy import frozen_components
from ..heads.component import TaskHead
from ..hints import nearest
from ..tasks.collisions import find_collisions


class LabelError(ValueError):
    """Labels that can't be added."""


@dataclass(frozen=True)
class Added:
    """What has been added to a head.

    head (str): Its name.
    labels (List[str]): All of its labels now.
    added (List[str]): The new ones among them.
    notes (List[str]): What to know about its settings: sentences.
    """

    head: str
    labels: List[str]
    added: List[str]
    notes: List[str]


def add_labels(nlp: Language, name: str, labels: Sequence[str]) -> Added:
    """Add labels to a trained head: see `TaskHead.add_label`.

    nlp (Language): The pipeline. It is changed only if there is no error.
    name (str): The name of the head.
    labels (Sequence[str]): The new labels, at least one.
    RETURNS (Added): What has been added.
    RAISES (LabelError): If there is no such head, it isn't trained, or a label isn't new.
    RAISES (ValueError): If a label can't be one of this head, or its model can't grow.
    """
    heads: Dict[str, Any] = {
        each: pipe for each, pipe in nlp.components if isinstance(pipe, TaskHead)
    }
    if name not in heads:
        raise LabelError(
            f"'{name}' is {_what_is(nlp, name)}, but it must be a head of this package. "
            f"{nearest(name, heads)}The pipeline's heads: {', '.join(heads) or 'none'}."
        )
    head = heads[name]
    if not head.is_trained:
        raise LabelError(
            f"The head '{name}' isn't trained. List its labels in "
            f"[initialize.components.{name}.labels], and train the pipeline."
        )
    for i, label in enumerate(labels):
        if label in head.labels:
            raise LabelError(
                f"The head '{name}' has the label '{label}' already. Leave it out. Its labels: "
                f"{', '.join(head.labels)}."
            )
        if label != label.strip():
            raise LabelError(
                f"The label {label!r} begins or ends with a space, so it would be another one than "
                f"{label.strip()!r}. Leave the space out."
            )
        if label in labels[:i]:
            raise LabelError(f"The label '{label}' is given more than once. Leave one out.")
    for label in labels:
        head.check_new_label(label)
    for label in labels:
        head.add_label(label)
    return Added(name, list(head.labels), list(labels), _notes(nlp, name, head))


def _what_is(nlp: Language, name: str) -> str:
    if name not in nlp.component_names:
        return "unknown"
    return f"a component of the factory '{nlp.get_pipe_meta(name).factory}'"


def _notes(nlp: Language, name: str, head: Any) -> List[str]:
    block = f"[components.{name}]"
    notes = list(find_collisions(nlp, name, nlp.component_names))
    if name in frozen_components(nlp):
        notes.append(
            f"'{name}' is frozen, so that it neither learns nor rehearses: remove it from "
            "[training.frozen_components] of the pipeline's config.cfg before you train it further."
        )
    if head.has_teacher:
        notes.append(
            f"'{name}' has a teacher, which must have the same labels: remove "
            f"[components.{name}.teacher] from the config before you train it further."
        )
    if head.calibration is not None:
        notes.append(
            f"'{name}' keeps its calibration. Calibrate it again once the new labels are learned."
        )
    if isinstance(getattr(head, "threshold", None), dict):
        notes.append(f"'{name}' has thresholds by label, and none for new ones: see {block}.")
    if head.cfg.get("positive_label") is not None:
        notes.append(
            f"'{name}' has a 'positive_label', which only counts with two labels. From now on, "
            "'cats_score' is the macro-averaged F-score."
        )
    return notes

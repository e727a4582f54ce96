"""The teacher of a head."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy
from spacy.tokens import Doc

from ..scheduled import number_at
from .pipeline import TeacherPipeline, find_fingerprint, load_teacher
from .probabilities import find_component
from .settings import TeacherSettings
from .store import TargetStore
from .targets import SoftTargets

#: Half precision for tokens, of which there are many.
_DTYPES = {"token": "float16", "doc": "float32"}


@dataclass(frozen=True)
class Lesson:
    """What a teacher has to say about a batch.

    weight (float): Its share of the loss, above 0 and at most 1.
    targets (Floats2d): The probabilities of the head's classes. NaN in rows of documents
        without tokens, if a unit is a document. Shape: (n_units, n_classes).
    classes (Optional[Sequence[int]]): Which of the head's classes these are, if the teacher knows
        nothing of others. None: all, in order.
    """

    weight: float
    targets: numpy.ndarray
    classes: Optional[Sequence[int]] = None


class Teacher:
    """A trained pipeline that a head learns from. It is looked for when it is first needed.

    settings (TeacherSettings): The settings.
    kind (str): What the head needs: one of `probabilities.KINDS`.
    unit (str): The unit that the head annotates: "token" or "doc".
    """

    def __init__(self, settings: TeacherSettings, kind: str, unit: str) -> None:
        self.settings = settings
        self.kind = kind
        self.unit = unit
        self._labels: List[str] = []
        self._targets: Optional[SoftTargets] = None
        self._pipeline: Optional[TeacherPipeline] = None

    def __getstate__(self) -> Dict[str, Any]:
        # A copy looks for the teacher again.
        return {**self.__dict__, "_labels": [], "_targets": None, "_pipeline": None}

    @property
    def fingerprint(self) -> Optional[str]:
        """RETURNS (Optional[str]): What identifies the teacher, if it was found."""
        return None if self._targets is None else self._targets.store.teacher

    @property
    def labels(self) -> List[str]:
        """RETURNS (List[str]): The labels of the teacher, if it was found, in its order."""
        return self._labels

    def weight_at(self, step: int) -> float:
        """RETURNS (float): Its share of the loss in a step of the head, from 0."""
        return number_at(self.settings.weight, step)

    def find(self) -> SoftTargets:
        """Look for the teacher, also if it was found before. It may have changed.

        It is only loaded if there is no file with its labels.

        RETURNS (SoftTargets): Its probabilities.
        RAISES (ValueError): If it is missing, or of another kind.
        """
        settings = self.settings
        settings.check_schedule()
        fingerprint = find_fingerprint(settings)
        if self._targets is not None and fingerprint == self.fingerprint:
            return self._targets
        self._targets = self._pipeline = None
        hint = f"Set 'cache' in {settings.block} to a folder that can be written."
        store = TargetStore(settings.file, fingerprint, hint)
        about = store.read_about()
        if about.get("kind") != self.kind:
            self._pipeline = load_teacher(settings, fingerprint)
            component = find_component(self._pipeline.nlp, settings, self.kind)
            about = {"kind": self.kind, "labels": list(component.labels)}
            store.write_about(about)
        self._labels = about["labels"]
        compute = partial(self._compute, fingerprint)
        self._targets = SoftTargets(store, compute, _DTYPES[self.unit])
        return self._targets

    def check_labels(self, labels: Sequence[str]) -> None:
        """Reject a teacher with other labels. Their order doesn't matter.

        labels (Sequence[str]): The labels of the head.
        RAISES (ValueError): If they differ.
        """
        own, others = set(labels), set(self._labels)
        if own == others:
            return
        lacks = [label for label in labels if label not in others]
        has = [label for label in self._labels if label not in own]
        head, settings = self.settings.head, self.settings
        found = [f"the teacher has no {_quoted(lacks)}"] if lacks else []
        found += [f"'{head}' has no {_quoted(has)}"] if has else []
        raise ValueError(
            f"The component '{head}' and its teacher, '{settings.component}' of {settings.path}, "
            f"must have the same labels, but {' and '.join(found)}. List the teacher's labels in "
            f"[initialize.components.{head}.labels], train the teacher on texts with the same "
            f"labels, or change 'path' or 'component' in {settings.block}. If labels were added to "
            f"'{head}' since, remove {settings.block}, and see spacy_mtl.rehearse."
        )

    def lesson(
        self,
        docs: Sequence[Doc],
        labels: Sequence[str],
        classes_of: Callable[[Sequence[str]], List[str]],
        weight: float,
    ) -> Lesson:
        """Get what the teacher has to say about a batch.

        docs (Sequence[Doc]): The batch. At least one document has tokens. The teacher gets the
            same words and spaces, and nothing else of them.
        labels (Sequence[str]): The labels of the head.
        classes_of (Callable): The classes that are scored for labels, in order.
        weight (float): Its share of the loss.
        RETURNS (Lesson): The soft targets.
        RAISES (ValueError): If the teacher is missing or doesn't fit.
        """
        targets = self._targets or self.find()
        self.check_labels(labels)
        place = {name: i for i, name in enumerate(classes_of(self._labels))}
        order = [place[name] for name in classes_of(labels)]
        found = targets.of(docs, 0 if self.unit == "token" else 1)
        return Lesson(weight, numpy.concatenate(found)[:, order].astype("float32"))

    def _compute(self, fingerprint: str, docs: Sequence[Doc]) -> List[numpy.ndarray]:
        settings = self.settings
        if self._pipeline is None:
            self._pipeline = load_teacher(settings, fingerprint)
        component = find_component(self._pipeline.nlp, settings, self.kind)
        return self._pipeline.run(component, settings.component, docs)


def _quoted(labels: Sequence[str]) -> str:
    return ", ".join(f"'{label}'" for label in labels)

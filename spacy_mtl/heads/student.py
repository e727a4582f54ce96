"""What a head does with a teacher, and as the teacher of another head."""

import warnings
from dataclasses import fields, replace
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, TypeVar

import numpy
from spacy.tokens import Doc

from ..arrays import cut_like
from ..loading import UnfitError
from ..losses import soft_cross_entropy, softmax
from ..ranks.group import Group
from ..tasks.task import Task
from ..teachers.settings import read_settings
from ..teachers.teacher import Lesson, Teacher
from ..types import LossAndGradient

#: The key of a head's saved settings with its progress: the number of batches so far ("steps",
#: for schedules), and the fingerprint of the teacher ("of").
TEACHER = "teacher"
Loss = TypeVar("Loss", bound=LossAndGradient)


class Student(Task):
    """A head that may learn from a teacher, and be one."""

    #: The kind of its probabilities: see `teachers.probabilities.KINDS`.
    target_kind: str
    cfg: Dict[str, Any]
    model: Any
    group: Group
    teacher: Optional[Teacher] = None
    #: What is rehearsed in the next batches instead of other lessons.
    rehearsed: Optional[Lesson] = None
    #: Whether the last batch was rehearsed.
    has_rehearsed = False

    def set_teacher(self, given: Optional[Dict[str, Any]]) -> None:
        """Set the teacher. It is looked for when training begins.

        given (Optional[Dict[str, Any]]): The block [teacher] of the config. None for no teacher.
        RAISES (ValueError): If a setting is invalid.
        """
        settings = read_settings(given, self.name)
        if settings is None:
            self.teacher = None
            return
        if not hasattr(self, "target_kind"):
            raise ValueError(
                f"The component '{self.name}' can't have a teacher: its class, "
                f"{type(self).__name__}, has no 'target_kind'. Remove {settings.block}, or give "
                "the class this attribute, with 'give_targets' and 'soft_loss'."
            )
        self.teacher = Teacher(settings, self.target_kind, self.unit)

    # What subclasses override, if they score something else than exclusive classes of tokens.

    @staticmethod
    def classes_of(labels: Sequence[str]) -> List[str]:
        """RETURNS (List[str]): The classes that a model scores for these labels, in order."""
        return list(labels)

    def predict(self, docs: Iterable[Doc]) -> Any:
        """RETURNS (Union[List[Floats2d], Floats2d]): The logits, or probabilities."""
        raise NotImplementedError

    def give_targets(self, docs: Sequence[Doc]) -> List[numpy.ndarray]:
        """Compute the probabilities of documents, for a student of this head.

        Without any calibration, as in the loss: a student may have one of its own.

        docs (Sequence[Doc]): Documents with tokens, whose encoder has run.
        RETURNS (List[Floats2d]): One array per document. Shape of each: (n_units, n_classes).
        """
        return [self.model.ops.to_numpy(softmax(scores)) for scores in self.predict(docs)]

    def soft_loss(self, scores: Any, targets: Any) -> LossAndGradient:
        """Compute the loss against soft targets.

        scores (Union[List[Floats2d], Floats2d]): The logits.
        targets (Floats2d): Probabilities, NaN in rows without any. Shape: (n_units, n_classes).
        RETURNS (LossAndGradient): The loss, of the same class as that of `loss_of`.
        """
        return soft_cross_entropy(self.model.ops.flatten(scores), targets)

    def soft_loss_among(self, scores: Any, targets: Any, classes: Sequence[int]) -> LossAndGradient:
        """Compute the loss against soft targets for some classes, as if there were no others.

        scores (Union[List[Floats2d], Floats2d]): The logits of all classes.
        targets (Floats2d): As in `soft_loss`. Shape: (n_units, len(classes)).
        classes (Sequence[int]): The classes that have targets.
        RETURNS (LossAndGradient): The loss, of the same class as that of `loss_of`. The gradient
            of other classes is 0. Shape: (n_units, n_classes).
        """
        places = list(classes)
        is_list = isinstance(scores, list)
        own = [array[:, places] for array in scores] if is_list else scores[:, places]
        loss = self.soft_loss(own, targets)
        part: Any = loss.gradient
        shape = len(part), len(self.classes_of(self.labels))
        gradient = self.model.ops.xp.zeros(shape, dtype=part.dtype)
        gradient[:, places] = part
        return replace(loss, gradient=gradient)

    # What all heads share.

    @property
    def has_teacher(self) -> bool:
        """RETURNS (bool): Whether there is a teacher: see `Task`."""
        return self.teacher is not None

    @property
    def fingerprint_of_teacher(self) -> Optional[str]:
        """RETURNS (Optional[str]): What identifies the teacher: see `Task`."""
        return None if self.teacher is None else self.teacher.fingerprint

    @property
    def is_taught(self) -> bool:
        """RETURNS (bool): Whether a teacher has a weight in the next batch: see `Task`."""
        if self.rehearsed is not None:
            return True
        return self.teacher is not None and self.teacher.weight_at(self._steps) > 0

    @property
    def _steps(self) -> int:
        return self.cfg.get(TEACHER, {}).get("steps", 0)

    def labels_of_teacher(self) -> List[str]:
        """RETURNS (List[str]): The labels of the teacher, for a corpus that has none."""
        if self.teacher is None:
            return []
        self.teacher.find()
        return self.teacher.labels

    def check_teacher(self, labels: Sequence[str]) -> List[str]:
        """RETURNS (List[str]): The labels of the teacher, which must be the same: see `Task`."""
        found = self.labels_of_teacher()
        if self.teacher is not None:
            self.teacher.check_labels(labels or found)
        return found

    def start_lessons(self) -> None:
        """Look for the teacher before training begins.

        RAISES (ValueError): If it is missing or doesn't fit.
        """
        self.cfg.pop(TEACHER, None)
        self.check_teacher(self.labels)

    def next_lesson(self, docs: Sequence[Doc]) -> Optional[Lesson]:
        """Get what the teacher has to say about the next batch, and count it.

        docs (Sequence[Doc]): The batch, or the share of this rank.
        RETURNS (Optional[Lesson]): None if there is no teacher, it has no weight, or no rank has a
            document with tokens.
        """
        self.has_rehearsed = self.rehearsed is not None
        if self.has_rehearsed:
            return self.rehearsed
        # All ranks count the same batches.
        if self.teacher is None or not any(self.group.gather(any(map(len, docs)))):
            return None
        step = self._steps
        lesson = self._lesson(docs, step)
        before = self.cfg.get(TEACHER, {}).get("of")
        found = self.teacher.fingerprint
        if before and found and found != before:
            warnings.warn(
                f"[{self.name}] The teacher {self.teacher.settings.path} is another than before: "
                "its pipeline has changed, or the path. Training goes on with the new one.",
                stacklevel=2,
            )
        self.cfg[TEACHER] = {"steps": step + 1, "of": found or before}
        return lesson

    def repeat_lesson(self, docs: Sequence[Doc]) -> Optional[Lesson]:
        """RETURNS (Optional[Lesson]): What the teacher had to say about the last batch."""
        return self._lesson(docs, max(0, self._steps - 1))

    def learn(
        self, lesson: Optional[Lesson], loss: Loss, d_scores: Any, scores: Any
    ) -> Tuple[Loss, Any]:
        """Mix a loss with that against the soft targets of a batch.

        lesson (Optional[Lesson]): What the teacher has to say. None changes nothing.
        loss (LossAndGradient): The loss against gold annotation.
        d_scores (Any): Its gradient, in the form of scores.
        scores (Union[List[Floats2d], Floats2d]): The logits.
        RETURNS (Tuple[LossAndGradient, Any]): The loss, and d_scores in the form of scores.
        """
        if lesson is None:
            return loss, d_scores
        targets = self.model.ops.asarray(lesson.targets)
        if lesson.classes is None:
            soft = self.soft_loss(scores, targets)
        else:
            soft = self.soft_loss_among(scores, targets, lesson.classes)
        of_loss, of_soft = self.group.balance(loss.n_units, soft.n_units)
        of_loss, of_soft = (1 - lesson.weight) * of_loss, lesson.weight * of_soft
        mixed = {
            each.name: of_loss * getattr(loss, each.name) + of_soft * getattr(soft, each.name)
            for each in fields(loss)
        }
        mixed["n_units"] = max(loss.n_units, soft.n_units)
        found = replace(loss, **mixed)
        is_list = isinstance(scores, list)
        return found, cut_like(found.gradient, scores) if is_list else found.gradient

    def _lesson(self, docs: Sequence[Doc], step: int) -> Optional[Lesson]:
        weight = 0.0 if self.teacher is None else self.teacher.weight_at(step)
        if self.teacher is None or weight == 0:
            return None
        if not any(map(len, docs)):
            return Lesson(weight, numpy.zeros((0, len(self.classes_of(self.labels))), "float32"))
        return self.teacher.lesson(docs, self.labels, self.classes_of, weight)


def check_progress(cfg: Dict[str, Any]) -> None:
    """Reject saved settings whose progress with a teacher is damaged.

    cfg (Dict[str, Any]): The saved settings of a head.
    RAISES (UnfitError): If it is not a map with a number of steps.
    """
    found = cfg.get(TEACHER, {})
    steps = found.get("steps", 0) if isinstance(found, dict) else None
    if not isinstance(steps, int) or steps < 0:
        raise UnfitError(f"'{TEACHER}' is {found!r}, but it must have a number of 'steps'")

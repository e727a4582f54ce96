"""What the joint component warns of, each once."""

import warnings
from typing import Set

from .pipeline import Pipeline
from .step import JointStep


class Notices:
    """Warnings of one joint component.

    pipeline (Pipeline): The pipeline around it.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._given: Set[str] = set()

    @property
    def _name(self) -> str:
        return self._pipeline.name

    def once(self, message: str, key: str = "") -> None:
        """Warn, if that was not said before.

        message (str): The warning.
        key (str): Stands for warnings that differ in their words only.
        """
        if (key or message) not in self._given:
            self._given.add(key or message)
            warnings.warn(message)

    def no_task(self) -> None:
        """No head listens to the component."""
        warnings.warn(
            f"No component listens to '{self._name}'. Add a head after it, such as "
            f"'mtl_tagger', with a spacy_mtl.TaskListener.v1 whose upstream is '{self._name}'."
        )

    def all_frozen(self) -> None:
        """No task will answer."""
        self.once(
            f"All tasks of '{self._name}' are frozen or disabled, so nothing trains the encoder."
        )

    def missed(self, task: str) -> None:
        """A task was updated that nobody had waited for.

        task (str): Its name.
        """
        self.once(
            f"'{task}' was updated after '{self._name}' had closed the joint step without "
            "it: its gradient of this batch does not reach the encoder. From now on it is "
            "waited for. If it is named in [training.frozen_components], pass "
            "exclude=[...] to nlp.update, or name it there no more."
        )

    def left_alone(self, upstream: str) -> None:
        """The component is frozen, but the encoder that it listens to is not.

        upstream (str): The encoder.
        """
        self.once(
            f"'{self._name}' is frozen or disabled, but '{upstream}' is not: nothing trains it, "
            "since the gradients of the tasks reach it through this component only. Name "
            "both in [training.frozen_components], or neither."
        )

    def no_averages(self) -> None:
        """The encoder was not found, so that its averages are not used."""
        self.once(
            f"'{self._name}' was sourced from another pipeline and cannot find its encoder, so "
            "averaged parameters reach the heads and not the encoder. Set use_averages = "
            "false in [training.optimizer]."
        )

    def late(self, step: JointStep) -> None:
        """A step is closed late.

        step (JointStep): The step, still open.
        """
        silent = step.silent
        cut_short = [task for task in silent if task in step.ran]
        if cut_short:
            self.once(
                f"The update of '{cut_short[0]}' took its view of a batch and sent no gradient: "
                "it failed, most likely. What the tasks before it sent goes into the next step."
            )
            return
        self.once(
            f"The last task of the pipeline sent no gradient for a batch (silent: "
            f"{', '.join(silent) or 'none'}), so '{self._name}' closed the joint step late: the "
            "encoder takes that batch's gradient one step later. It is not lost. To avoid the "
            "delay, let a head of this package stand last in [nlp.pipeline] (they always "
            "answer), and name components that are not to be trained in "
            "[training.frozen_components].",
            key="late",
        )

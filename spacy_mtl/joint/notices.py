"""The warnings of the joint component. Each is given once."""

import warnings
from typing import Set

from .pipeline import Pipeline
from .step import JointStep


class Notices:
    """The warnings of one joint component.

    pipeline (Pipeline): The pipeline around it.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._given: Set[str] = set()

    @property
    def _name(self) -> str:
        return self._pipeline.name

    def once(self, message: str, key: str = "") -> None:
        """Give a warning unless it was given before.

        message (str): The warning.
        key (str): Identifies a warning whose wording varies. Defaults to the message.
        """
        if (key or message) not in self._given:
            self._given.add(key or message)
            warnings.warn(message)

    def no_task(self) -> None:
        """Warn that no head listens to the component."""
        warnings.warn(
            f"No component listens to '{self._name}'. Add a head after it, such as "
            f"'mtl_tagger', with a spacy_mtl.TaskListener.v1 whose upstream is '{self._name}'."
        )

    def all_frozen(self) -> None:
        """Warn that no task will answer."""
        self.once(
            f"All tasks of '{self._name}' are frozen or disabled, so nothing trains the encoder."
        )

    def missed(self, task: str) -> None:
        """Warn that a task was updated although the step hadn't waited for it.

        task (str): The name of the task.
        """
        self.once(
            f"'{task}' was updated after '{self._name}' had closed the joint step without it, "
            "so its gradient for this batch does not reach the encoder. Later steps will wait "
            "for it. If it is listed in [training.frozen_components], pass exclude=[...] to "
            "nlp.update, or remove it from that list."
        )

    def left_alone(self, upstream: str) -> None:
        """Warn that the component is frozen, but the encoder it listens to is not.

        upstream (str): The name of the encoder.
        """
        self.once(
            f"'{self._name}' is frozen or disabled, but '{upstream}' is not. Nothing trains "
            f"'{upstream}', because the tasks' gradients only reach it through '{self._name}'. "
            "List both in [training.frozen_components], or neither."
        )

    def no_averages(self) -> None:
        """Warn that the encoder was not found, so its parameter averages are not used."""
        self.once(
            f"'{self._name}' was sourced from another pipeline and cannot find its encoder, so "
            "averaged parameters are used in the heads but not in the encoder. Set "
            "use_averages = false in [training.optimizer]."
        )

    def late(self, step: JointStep) -> None:
        """Warn that a step is closed late.

        step (JointStep): The step, still open.
        """
        silent = step.silent
        cut_short = [task for task in silent if task in step.ran]
        if cut_short:
            self.once(
                f"The update of '{cut_short[0]}' took its view of a batch but sent no gradient, "
                "so it most likely failed. The gradients of the tasks before it go into the "
                "next step."
            )
            return
        self.once(
            f"The last task of the pipeline sent no gradient for a batch (silent: "
            f"{', '.join(silent) or 'none'}), so '{self._name}' closed the joint step late. The "
            "batch's gradient is not lost, but the encoder gets it one step later. To avoid the "
            "delay, put a head of this package last in [nlp.pipeline] (they always answer), and "
            "list components that should not be trained in [training.frozen_components].",
            key="late",
        )

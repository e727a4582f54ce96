"""Where the tasks' gradients meet: as set, or where the weighting works best."""

from typing import Any, Dict, Optional, Union

from .apart import ApartAtRepresentation
from .checks import check_every, check_gradients
from .contract import PARAMETERS, REPRESENTATION, check_sampled
from .gramians import AUTO
from .meeting import MEETINGS, Meeting
from .memory import Memory
from .pipeline import Pipeline
from .sampled import SampledParameters


class Place:
    """The place for the gradients of one joint component.

    pipeline (Pipeline): The pipeline around the component.
    memory (Memory): Its weighting, and what was measured.
    gradients (Optional[str]): See `MultiTask`.
    every (Union[int, str, None]): See `MultiTask`.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        memory: Memory,
        gradients: Optional[str],
        every: Union[int, str, None],
    ) -> None:
        self._pipeline = pipeline
        self._memory = memory
        self.gradients = gradients
        self.every = every

    @property
    def settings(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): "gradients" and "every" as they were set."""
        return {"gradients": self._gradients, "every": self._every}

    @property
    def gradients(self) -> str:
        """RETURNS (str): See `MultiTask.gradients`."""
        return self._memory.weighting.place if self._gradients is None else self._gradients

    @gradients.setter
    def gradients(self, gradients: Optional[str]) -> None:
        if gradients is not None:
            check_gradients(gradients, MEETINGS, self._pipeline.name)
        self._gradients = gradients

    @property
    def every(self) -> Union[int, str, None]:
        """RETURNS (Union[int, str, None]): See `MultiTask.every`."""
        is_open = self._gradients is None and self.gradients == PARAMETERS
        return AUTO if is_open and self._every is None else self._every

    @every.setter
    def every(self, every: Union[int, str, None]) -> None:
        check_every(every, self.gradients, self._pipeline.name)
        self._every = every

    def meeting(self, losses: Dict[str, float]) -> Meeting:
        """Make the meeting of a step.

        losses (Dict[str, float]): spaCy's dict of losses.
        RETURNS (Meeting): Where the tasks' gradients meet in it.
        """
        if self.every is None or self._is_alone:
            if self._used == REPRESENTATION and self._pipeline.group.size > 1:
                return self._apart(losses)
            return MEETINGS[self._used](self._pipeline, losses)
        check_every(self.every, self.gradients, self._pipeline.name)
        return SampledParameters(
            self._pipeline,
            losses,
            gramians=self._memory.gramians,
            every=self.every,
            title=self._memory.weighting.title,
        )

    def _apart(self, losses: Dict[str, float]) -> Meeting:
        weighting = self._memory.weighting
        return ApartAtRepresentation(
            self._pipeline, losses, needs_rows=weighting.needs_rows, title=weighting.title
        )

    def check(self) -> None:
        """Refuse a place where gradients can't be taken, or where the weighting can't work.

        RAISES (ValueError): If so.
        """
        weighting = self._memory.weighting
        weighting.check_training(self.gradients)
        check_sampled(weighting, self.every, self._pipeline.name)
        MEETINGS[self._used].check(self._pipeline)

    @property
    def _used(self) -> str:
        return REPRESENTATION if self._is_alone else self.gradients

    @property
    def _is_alone(self) -> bool:
        """Whether a task is alone, so that nothing has to be measured unless that was set."""
        return self._gradients is None and len(self._pipeline.tasks) == 1

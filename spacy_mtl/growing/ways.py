"""The three ways to add a task to a trained pipeline."""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional

FREEZE, ADAPTER, REHEARSE = "freeze", "adapter", "rehearse"
#: What each way does, in a sentence.
WAYS: Dict[str, str] = {
    FREEZE: "trains the new head alone: the old tasks predict what they did, to the bit",
    ADAPTER: "trains the new head and a LoRA of its own in the encoder: the old tasks predict what "
    "they did, to the bit, and the new one learns more",
    REHEARSE: "trains everything, while the old pipeline teaches the old tasks: the new task "
    "learns most, and the old ones change a little",
}
#: The rank and alpha of a LoRA, if they aren't chosen.
RANK, ALPHA = 8, 16.0
#: The weight of a teacher where texts have no annotation, and where they have.
_ALONE, _BESIDE_GOLD = 1.0, 0.5


class GrowingError(ValueError):
    """A task that can't be added."""


@dataclass(frozen=True)
class Way:
    """A way to add a task.

    name (str): One of `WAYS`.
    pipeline (Path): The folder of the trained pipeline.
    rehearsed (Optional[Path]): With "rehearse", texts for the old tasks, beside the new texts.
    rank (Optional[int]): With "adapter", the rank of the LoRA. None for the default.
    alpha (Optional[float]): With "adapter", its alpha. None for the default.
    """

    name: str
    pipeline: Path
    rehearsed: Optional[Path] = None
    rank: Optional[int] = None
    alpha: Optional[float] = None

    @property
    def keeps_old(self) -> bool:
        """RETURNS (bool): Whether the old tasks predict the same afterwards."""
        return self.name != REHEARSE


def teacher_weight(has_gold: bool) -> float:
    """RETURNS (float): The teacher's share of the loss, by whether texts annotate the task."""
    return _BESIDE_GOLD if has_gold else _ALONE

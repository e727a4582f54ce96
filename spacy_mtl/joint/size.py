"""The number of parameters of a sharing scheme, without the encoder below it."""

from dataclasses import dataclass
from typing import Dict

from ..parameters import slots_of_model, unique
from ..sharing.contract import private_slots, scheme_of, shared_slots
from .component import MultiTask


@dataclass(frozen=True)
class SchemeSize:
    """How many parameters a scheme has.

    shared (int): Those that several tasks use.
    private (Dict[str, int]): Those that a single task uses, by task.
    of_losses (int): Those that only the scheme's own losses use, such as a discriminator's.
    """

    shared: int
    private: Dict[str, int]
    of_losses: int = 0

    @property
    def total(self) -> int:
        """RETURNS (int): The number of all parameters."""
        return self.shared + sum(self.private.values()) + self.of_losses


def size_of(joint: MultiTask) -> SchemeSize:
    """Count the parameters of a joint component's sharing scheme.

    joint (MultiTask): The joint component.
    RETURNS (SchemeSize): The numbers, with all tasks that have parameters of their own.
    """
    sharing = joint.model.get_ref("sharing")
    auxiliary = scheme_of(sharing).auxiliary(unique(slots_of_model(sharing)))
    return SchemeSize(
        of_losses=sum(slot.size for slot in auxiliary),
        shared=sum(slot.size for slot in shared_slots(sharing)),
        private={
            task: sum(slot.size for slot in slots) for task, slots in private_slots(sharing).items()
        },
    )

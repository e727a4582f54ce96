"""How corpora are drawn: the base class of schedules."""

from dataclasses import dataclass
from random import Random
from typing import Any, Dict, List, Optional, Sequence


@dataclass(frozen=True)
class Progress:
    """The progress of a training, for a schedule of corpora.

    step (int): The number of batches drawn so far, 0 for the first.
    passes (Dict[str, float]): The number of passes over each corpus so far, such as 1.5.
    sizes (Dict[str, int]): The number of examples of each corpus, in the order of the config.
    tasks (Dict[str, Sequence[str]]): The tasks that each corpus annotates.
    random (Random): The source of randomness for schedules that need one.
    mixed (bool): Whether each batch mixes the corpora by their shares; else it comes from one
        corpus, drawn by its share.
    """

    step: int
    passes: Dict[str, float]
    sizes: Dict[str, int]
    tasks: Dict[str, Sequence[str]]
    random: Random
    mixed: bool = False


class Schedule:
    """Decides which corpus the next batch comes from.

    The base class of all schedules. Only `__call__` must be implemented; the other methods do
    nothing by default. A plain function, or an object with some of these methods, works as
    well: it is wrapped when it comes out of the registry.
    """

    #: Whether `observe_losses` is called after each step. Defaults to True for a class that
    #: defines this method.
    needs_losses: bool = False
    #: Whether `observe_scores` is called after each evaluation. Defaults like `needs_losses`.
    needs_scores: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # A class that defines a method to observe wants it called.
        super().__init_subclass__(**kwargs)
        for flag, method in (
            ("needs_losses", "observe_losses"),
            ("needs_scores", "observe_scores"),
        ):
            # The method may come from another class that it inherits from.
            first = next(kind for kind in cls.__mro__ if {flag, method} & kind.__dict__.keys())
            if flag not in first.__dict__:
                setattr(cls, flag, True)

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Return the shares for the next batch.

        progress (Progress): The progress of the training.
        RETURNS (Dict[str, float]): A share for each corpus, >= 0. They need not sum to 1;
            missing corpora have 0.
        """
        raise NotImplementedError

    @property
    def title(self) -> str:
        """RETURNS (str): The name of the method, for messages."""
        return type(self).__name__

    def check(self, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]) -> None:
        """Reject settings that do not fit the corpora. Called before training begins.

        sizes (Dict[str, int]): The number of examples of each corpus.
        tasks (Dict[str, Sequence[str]]): The tasks that each corpus annotates.
        RAISES (ValueError): If a setting names a corpus or task that does not exist.
        """

    def left_out(self, tasks: Dict[str, Sequence[str]]) -> List[str]:
        """Find the corpora that are never drawn, as far as the settings say so.

        tasks (Dict[str, Sequence[str]]): The tasks that each corpus annotates.
        RETURNS (List[str]): Their names.
        """
        return []

    def observe_losses(self, losses: Dict[str, float]) -> None:
        """Receive the losses of each step, if `needs_losses` is true.

        losses (Dict[str, float]): The losses by task.
        """

    def observe_scores(self, scores: Dict[str, float]) -> None:
        """Receive the scores of each evaluation, if `needs_scores` is true.

        scores (Dict[str, float]): The scores by task.
        """

    def get_state(self) -> Optional[Dict[str, Any]]:
        """Return what was learned, to be saved in checkpoints.

        RETURNS (Optional[Dict[str, Any]]): Numbers, strings, lists and dicts. None if nothing
            is learned.
        """
        return None

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state that `get_state` returned.

        state (Dict[str, Any]): The state.
        """

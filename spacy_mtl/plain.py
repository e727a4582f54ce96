"""Weightings, schedules and monitors that have no more than the methods that are called.

A function, or an object that has some of the methods of the base class, is wrapped once: where
it comes out of a registry, or where it is handed over in Python. Nobody else asks what it has.
"""

from functools import wraps
from typing import Any, Callable, Dict, Optional, Sequence, Type, Union

from thinc.api import Model
from thinc.types import Floats2d

from .settings import takes
from .types import Combined, Monitor, Progress, Schedule, Weighting


def as_weighting(found: Any) -> Any:
    """Make a weighting of whatever serves as one.

    found (Any): A weighting, a function, or an object that has some of its methods.
    RETURNS (Weighting): The weighting as it is, or what wraps it. What cannot be called with
        losses and gradients comes back as it is: `check_weighting` refuses it, and knows where
        in the config it stands.
    """
    return found if not _is_plain(found, Weighting, 2) else PlainWeighting(found)


def as_schedule(found: Any) -> Any:
    """Make a schedule of whatever serves as one.

    found (Any): A schedule, a function, or an object that has some of its methods.
    RETURNS (Schedule): The schedule as it is, or what wraps it. What cannot be called with a
        progress comes back as it is: the reader of the corpora refuses it.
    """
    return found if not _is_plain(found, Schedule, 1) else PlainSchedule(found)


def as_monitor(found: Any) -> Any:
    """Make a monitor of whatever has a method `record`.

    found (Any): A monitor, or an object with some of its methods.
    RETURNS (Monitor): The monitor as it is, or what wraps it.
    """
    return found if isinstance(found, Monitor) else PlainMonitor(found)


def giving(kind: type, adapt: Callable[[Any], Any], create: Any) -> Any:
    """Have a registered function give objects of a base class.

    kind (type): The base class.
    adapt (Callable[[Any], Any]): Makes one of what else is given: `as_weighting`, `as_schedule`.
    create (Callable): The function, or a class.
    RETURNS (Callable): The same if it is a class of that kind; else what calls it, with the same
        name and signature.
    """
    if isinstance(create, type) and issubclass(create, kind):
        return create

    # Not the attributes of a class: they are those of its objects.
    @wraps(create, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        return adapt(create(*args, **kwargs))

    return call


def defines(found: Union[Weighting, Schedule], method: str) -> bool:
    """Find out whether a method does something.

    found (Union[Weighting, Schedule]): A weighting or schedule.
    method (str): The name of the method.
    RETURNS (bool): Whether its class, or what is wrapped, has one beside that of the base class.
    """
    if isinstance(found, _Plain):
        return found.has(method)
    base: Type[Any] = Weighting if isinstance(found, Weighting) else Schedule
    return getattr(type(found), method) is not getattr(base, method)


class _Plain:
    """What can be called, and has some methods and attributes, all of which stay in reach.

    wrapped (Callable): The function or object.
    """

    def __init__(self, wrapped: Any) -> None:
        vars(self)["wrapped"] = wrapped

    @property
    def title(self) -> str:
        """RETURNS (str): The type of what is wrapped: saved states say whose they are by it."""
        return type(self.wrapped).__name__

    def has(self, name: str) -> bool:
        """RETURNS (bool): Whether what is wrapped has such an attribute."""
        return hasattr(self.wrapped, name)

    def get_state(self) -> Optional[Dict[str, Any]]:
        """RETURNS (Optional[Dict[str, Any]]): What was learned; None if it does not learn."""
        return self.wrapped.get_state() if self.has("get_state") else None

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave."""
        if self.has("set_state"):
            self.wrapped.set_state(state)

    def __getattr__(self, name: str) -> Any:
        # Not in a copy that is being made, nor what Python itself looks for.
        if name == "wrapped" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.wrapped, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # Whoever changes a setting in the middle of a training means what is wrapped.
        setattr(self.wrapped, name, value)


class PlainWeighting(_Plain, Weighting):
    """A function, or an object with some of the methods of a weighting: see `Weighting`."""

    def __call__(self, losses: Dict[str, float], gradients: Floats2d) -> Combined:
        """Combine the gradients: see `Weighting`."""
        return self.wrapped(losses, gradients)

    @property
    def needs_losses(self) -> bool:  # type: ignore[override]
        """RETURNS (bool): Whether it looks at the losses."""
        return bool(getattr(self.wrapped, "needs_losses", True))

    @property
    def recompute(self) -> bool:  # type: ignore[override]
        """RETURNS (bool): Whether it is told the losses of the last batch once more."""
        return bool(getattr(self.wrapped, "recompute", False))

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Refuse settings that do not fit the pipeline: see `Weighting`."""
        if self.has("check_tasks"):
            self.wrapped.check_tasks(tasks)

    def check_training(self, gradients: str) -> None:
        """Refuse to begin a training that could not go on: see `Weighting`."""
        if self.has("check_training"):
            self.wrapped.check_training(gradients)

    def observe(self, losses: Dict[str, float]) -> None:
        """Be told the losses of the last batch once more: see `Weighting`."""
        if self.has("observe"):
            self.wrapped.observe(losses)


class PlainMonitor(_Plain, Monitor):
    """An object that has `record`, and perhaps a state: see `Monitor`."""

    def record(
        self, losses: Dict[str, float], gradients: Floats2d, weights: Dict[str, float]
    ) -> None:
        """Take note of a step: see `Monitor`."""
        self.wrapped.record(losses, gradients, weights)


class PlainSchedule(_Plain, Schedule):
    """A function, or an object with some of the methods of a schedule: see `Schedule`."""

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Say how the next batch is to be drawn: see `Schedule`."""
        return self.wrapped(progress)

    @property
    def needs_losses(self) -> bool:  # type: ignore[override]
        """RETURNS (bool): Whether it wants to be told losses: whether it can be."""
        return self.has("observe_losses")

    @property
    def needs_scores(self) -> bool:  # type: ignore[override]
        """RETURNS (bool): Whether it wants to be told scores: whether it can be."""
        return self.has("observe_scores")

    def check(self, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]) -> None:
        """Refuse settings that do not fit the corpora: see `Schedule`."""
        if self.has("check"):
            self.wrapped.check(sizes, tasks)

    def observe_losses(self, losses: Dict[str, float]) -> None:
        """Be told the losses of a step: see `Schedule`."""
        if self.has("observe_losses"):
            self.wrapped.observe_losses(losses)

    def observe_scores(self, scores: Dict[str, float]) -> None:
        """Be told the scores of an evaluation: see `Schedule`."""
        if self.has("observe_scores"):
            self.wrapped.observe_scores(scores)


def _is_plain(found: Any, base: type, n_arguments: int) -> bool:
    # A thinc model can be called with two arguments, but is never meant.
    return not isinstance(found, (base, Model)) and takes(found, n_arguments)

"""Wrap plain callables as weightings and schedules, and plain objects as monitors.

A function, or an object with some of the base class's methods, is wrapped once: when it comes
out of a registry, or is passed in from Python. No other code asks which methods it has.
"""

from functools import wraps
from typing import Any, Callable, Dict, List, Optional, Sequence, Type, Union

from thinc.api import Model
from thinc.types import Floats2d

from .settings import takes
from .types import Combined, Monitor, Progress, Schedule, Weighting


def as_weighting(found: Any) -> Any:
    """Wrap a callable as a weighting, unless it is one.

    found (Any): A weighting, a function, or an object with some of a weighting's methods.
    RETURNS (Weighting): The weighting itself, or its wrapper. Anything that cannot be called
        with losses and gradients is returned unchanged: `check_weighting` refuses it, and can
        name the config block.
    """
    return found if not _is_plain(found, Weighting, 2) else PlainWeighting(found)


def as_schedule(found: Any) -> Any:
    """Wrap a callable as a schedule, unless it is one.

    found (Any): A schedule, a function, or an object with some of a schedule's methods.
    RETURNS (Schedule): The schedule itself, or its wrapper. Anything that cannot be called
        with a progress is returned unchanged: the corpus reader refuses it.
    """
    return found if not _is_plain(found, Schedule, 1) else PlainSchedule(found)


def as_monitor(found: Any) -> Any:
    """Make a monitor of whatever has a method `record`.

    found (Any): A monitor, or an object with some of its methods.
    RETURNS (Monitor): The monitor as it is, or what wraps it.
    """
    return found if isinstance(found, Monitor) else PlainMonitor(found)


def giving(kind: type, adapt: Callable[[Any], Any], create: Any) -> Any:
    """Make a registered function return objects of a base class.

    kind (type): The base class.
    adapt (Callable[[Any], Any]): Wraps other return values: `as_weighting` or `as_schedule`.
    create (Callable): The function or class.
    RETURNS (Callable): `create` itself if it is a subclass; else a wrapper with the same name
        and signature.
    """
    if isinstance(create, type) and issubclass(create, kind):
        return create

    # updated=(): the attributes of a class belong to its objects, not to the wrapper.
    @wraps(create, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        return adapt(create(*args, **kwargs))

    return call


def defines(found: Union[Weighting, Schedule], method: str) -> bool:
    """Check whether a method does something.

    found (Union[Weighting, Schedule]): A weighting or schedule.
    method (str): The name of the method.
    RETURNS (bool): Whether its class overrides the base class, or the wrapped object has it.
    """
    if isinstance(found, _Plain):
        return found.has(method)
    base: Type[Any] = Weighting if isinstance(found, Weighting) else Schedule
    return getattr(type(found), method) is not getattr(base, method)


class _Plain:
    """Wraps a callable, whose methods and attributes stay accessible.

    wrapped (Callable): The function or object.
    """

    def __init__(self, wrapped: Any) -> None:
        vars(self)["wrapped"] = wrapped

    @property
    def title(self) -> str:
        """RETURNS (str): The type of the wrapped object, by which saved states name their owner."""
        return type(self.wrapped).__name__

    def has(self, name: str) -> bool:
        """RETURNS (bool): Whether the wrapped object has this attribute."""
        return hasattr(self.wrapped, name)

    def get_state(self) -> Optional[Dict[str, Any]]:
        """RETURNS (Optional[Dict[str, Any]]): What was learned; None if it does not learn."""
        return self.wrapped.get_state() if self.has("get_state") else None

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state that `get_state` returned."""
        if self.has("set_state"):
            self.wrapped.set_state(state)

    def __getattr__(self, name: str) -> Any:
        # Neither while a copy is being made, nor for attributes that Python looks up.
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
        """RETURNS (bool): Whether `observe` gets the recomputed losses of the last batch."""
        return bool(getattr(self.wrapped, "recompute", False))

    @property
    def needs_rows(self) -> bool:  # type: ignore[override]
        """RETURNS (bool): Whether it works on each value of the gradients."""
        return bool(getattr(self.wrapped, "needs_rows", False))

    @property
    def place(self) -> str:  # type: ignore[override]
        """RETURNS (str): Where gradients are taken if the joint component's settings are open."""
        return str(getattr(self.wrapped, "place", "representation"))

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Reject settings that do not fit the pipeline: see `Weighting`."""
        if self.has("check_tasks"):
            self.wrapped.check_tasks(tasks)

    def check_training(self, gradients: str) -> None:
        """Reject trainings that cannot work: see `Weighting`."""
        if self.has("check_training"):
            self.wrapped.check_training(gradients)

    def observe(self, losses: Dict[str, float]) -> None:
        """Receive the recomputed losses of the last batch: see `Weighting`."""
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
        """Return the shares for the next batch: see `Schedule`."""
        return self.wrapped(progress)

    @property
    def needs_losses(self) -> bool:  # type: ignore[override]
        """RETURNS (bool): Whether it needs losses, that is, has `observe_losses`."""
        return self.has("observe_losses")

    @property
    def needs_scores(self) -> bool:  # type: ignore[override]
        """RETURNS (bool): Whether it needs scores, that is, has `observe_scores`."""
        return self.has("observe_scores")

    def check(self, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]) -> None:
        """Reject settings that do not fit the corpora: see `Schedule`."""
        if self.has("check"):
            self.wrapped.check(sizes, tasks)

    def left_out(self, tasks: Dict[str, Sequence[str]]) -> List[str]:
        """RETURNS (List[str]): The corpora that are never drawn: see `Schedule`."""
        return list(self.wrapped.left_out(tasks)) if self.has("left_out") else []

    def observe_losses(self, losses: Dict[str, float]) -> None:
        """Receive the losses of a step: see `Schedule`."""
        if self.has("observe_losses"):
            self.wrapped.observe_losses(losses)

    def observe_scores(self, scores: Dict[str, float]) -> None:
        """Receive the scores of an evaluation: see `Schedule`."""
        if self.has("observe_scores"):
            self.wrapped.observe_scores(scores)


def _is_plain(found: Any, base: type, n_arguments: int) -> bool:
    # A thinc model can be called with two arguments, but is not a weighting.
    return not isinstance(found, (base, Model)) and takes(found, n_arguments)

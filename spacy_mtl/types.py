"""The types that pass between the stations of the data flow, with their shapes."""

from dataclasses import dataclass, field
from random import Random
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats1d, Floats2d, FloatsXd

#: One array per document. Shape of each: (n_tokens, width).
TokenVectors = List[Floats2d]

#: The key in the gold document's `user_data` that may list the tasks it is annotated for.
#: (spaCy copies examples before it trains on them, but not their gold documents.)
TASKS_KEY = "spacy_mtl.tasks"

#: From documents to one vector per token.
Encoder = Model[List[Doc], TokenVectors]


@dataclass
class Features:
    """The last representation that all tasks share, or its gradient.

    arrays (List[FloatsXd]): The differentiable part, one array per document, usually of the
        shape (n_tokens, width).
    context (Any): Anything passed along unchanged, such as an alignment.
    """

    arrays: List[Any]
    context: Any = None


@dataclass
class Views:
    """What each task sees, or its gradient.

    by_task (Dict[str, List[Floats2d]]): The view of each task. Shape of each array:
        (n_tokens, width).
    losses (Dict[str, float]): Auxiliary losses by name, such as a discriminator's. In a
        gradient, the weight of each.
    """

    by_task: Dict[str, TokenVectors]
    losses: Dict[str, float] = field(default_factory=dict)


#: From documents to features. An `Encoder` is also a trunk.
Trunk = Model[List[Doc], Features]

#: From the features and the task names to each task's view. Its backprop turns the gradient of
#: one task's view, or of the auxiliary losses, into that of the features. It is called several
#: times.
Sharing = Model[Tuple[Features, Sequence[str]], Views]


@dataclass(frozen=True)
class LossAndGradient:
    """The value of a loss and its exact gradient.

    value (float): Mean over the annotated units; 0.0 if there are none.
    gradient (FloatsXd): The gradient with respect to the scores, in the shape of the scores.
    n_units (int): The number of annotated units.
    """

    value: float
    gradient: FloatsXd
    n_units: int


@dataclass(frozen=True)
class Combined:
    """The result of a weighting.

    gradient (Floats1d): The combined gradient. Shape: (n_values,).
    weights (Dict[str, float]): The effective weight of each task present.
    """

    gradient: Floats1d
    weights: Dict[str, float]


@dataclass(frozen=True)
class StepReport:
    """What happened in a joint step, for observers: see `MultiTask.observers`.

    losses (Dict[str, float]): The loss of each weighted task, in pipeline order.
        Mean per annotated unit.
    units (Dict[str, int]): The number of annotated units of each task that reports it.
    weights (Dict[str, float]): The effective weight of each task.
    auxiliary (Dict[str, float]): The sharing scheme's own losses, by name.
    rows (Floats2d): The tasks' gradients at the shared representation, in the order of
        `losses`. Shape: (n_tasks, n_values).
    """

    losses: Dict[str, float]
    units: Dict[str, int]
    weights: Dict[str, float]
    auxiliary: Dict[str, float]
    rows: Floats2d


class Weighting:
    """Decides how much each task moves the shared parameters.

    The base class of all weightings. Only `__call__` must be implemented; the other methods do
    nothing by default. A plain function, or an object with some of these methods, works as
    well: it is wrapped when it comes out of the registry.
    """

    #: Whether it uses the losses. If not, those of stock components (and their gradients) are
    #: left as they are.
    needs_losses: bool = True
    #: Whether `observe` gets the losses of the last batch again, after the optimizer's step.
    recompute: bool = False

    def __call__(self, losses: Dict[str, float], gradients: Floats2d) -> Combined:
        """Combine the gradients of the tasks present in a step.

        losses (Dict[str, float]): The loss of each task present, in pipeline
            order. Mean per annotated unit.
        gradients (Floats2d): The gradient of each task's loss at the shared
            representation, rows in the order of `losses`.
            Shape: (n_tasks, n_values).
        RETURNS (Combined): The combined gradient and the weights.
        """
        raise NotImplementedError

    @property
    def title(self) -> str:
        """RETURNS (str): The name of the method, for messages and saved states."""
        return type(self).__name__

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Reject settings that don't fit the pipeline. Called on initialization and on changes.

        tasks (Sequence[str]): The tasks of the pipeline.
        RAISES (ValueError): If a setting names an unknown task.
        """

    def check_training(self, gradients: str) -> None:
        """Reject trainings that cannot work. Called whenever `check_tasks` is.

        gradients (str): Where gradients are taken: "representation" or "parameters".
        RAISES (Exception): If the weighting cannot work there.
        """

    def observe(self, losses: Dict[str, float]) -> None:
        """Receive the losses of the last batch again, if `recompute` is true.

        losses (Dict[str, float]): The losses after the optimizer's step, by task.
        """

    def get_state(self) -> Optional[Dict[str, Any]]:
        """Return what was learned, to be saved with the pipeline.

        RETURNS (Optional[Dict[str, Any]]): Numbers, strings, lists, dicts and numpy arrays.
            None if nothing is learned.
        """
        return None

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state that `get_state` returned.

        state (Dict[str, Any]): The state.
        """


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


class Monitor:
    """Watches joint steps, for a log. It must not modify what it gets.

    The base class of all monitors: observers of `MultiTask` that may have a state, which is
    saved in checkpoints. Its methods do nothing.
    """

    def __call__(self, report: StepReport) -> None:
        """Record a step, given as for any observer.

        report (StepReport): What happened in the step.
        """
        self.record(report.losses, report.rows, report.weights)

    def record(
        self, losses: Dict[str, float], gradients: Floats2d, weights: Dict[str, float]
    ) -> None:
        """Record a step.

        losses (Dict[str, float]): The loss of each weighted task.
        gradients (Floats2d): Their gradients at the shared representation, rows in the
            order of `losses`. Shape: (n_tasks, n_values).
        weights (Dict[str, float]): The effective weight of each task.
        """

    def get_state(self) -> Optional[Dict[str, Any]]:
        """RETURNS (Optional[Dict[str, Any]]): A state for msgpack, or None."""
        return None

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state that `get_state` returned.

        state (Dict[str, Any]): The state.
        """


#: Receives the report of each joint step.
Observer = Callable[[StepReport], None]

#: Takes the gradient with respect to a view and returns zeros of the same shape.
ViewCallback = Callable[[TokenVectors], TokenVectors]

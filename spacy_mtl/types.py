"""What passes between the stations of the data flow, with its shapes."""

from dataclasses import dataclass, field
from random import Random
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats1d, Floats2d, FloatsXd

#: One array a document. Shape of each: (n_tokens of the document, width).
TokenVectors = List[Floats2d]

#: Where the gold document of an example may name the tasks that it is annotated for, in
#: `user_data`. (spaCy copies examples before it trains on them, but not their gold.)
TASKS_KEY = "spacy_mtl.tasks"

#: From documents to one vector a token.
Encoder = Model[List[Doc], TokenVectors]


@dataclass
class Features:
    """The last thing that all tasks have in common, or the gradient of it.

    arrays (List[FloatsXd]): What can be differentiated, one array a document: usually of the
        shape (n_tokens, width).
    context (Any): What goes along untouched, such as an alignment.
    """

    arrays: List[Any]
    context: Any = None


@dataclass
class Views:
    """What each task sees, or the gradient of it.

    by_task (Dict[str, List[Floats2d]]): The view of each task. Shape of each array:
        (n_tokens, width).
    losses (Dict[str, float]): Auxiliary losses by name, such as that of a discriminator. In a
        gradient, the weight of each.
    """

    by_task: Dict[str, TokenVectors]
    losses: Dict[str, float] = field(default_factory=dict)


#: From documents to features. An `Encoder` is one, too.
Trunk = Model[List[Doc], Features]

#: From the features and the names of the tasks to each task's view. Its backprop takes the
#: gradient of one task's view, or of the auxiliary losses, and gives that of the features. It is
#: called several times.
Sharing = Model[Tuple[Features, Sequence[str]], Views]


@dataclass(frozen=True)
class LossAndGradient:
    """The value of a loss and its exact gradient.

    value (float): Mean over the annotated units; 0.0 if there is none.
    gradient (FloatsXd): The gradient with respect to the scores. Shape: that of
        the scores.
    n_units (int): How many units were annotated.
    """

    value: float
    gradient: FloatsXd
    n_units: int


@dataclass(frozen=True)
class Combined:
    """What a weighting makes of the tasks' gradients.

    gradient (Floats1d): The combined gradient. Shape: (n_values,).
    weights (Dict[str, float]): The effective weight of each task present.
    """

    gradient: Floats1d
    weights: Dict[str, float]


@dataclass(frozen=True)
class StepReport:
    """What a joint step has done, for whoever looks on: see `MultiTask.observers`.

    losses (Dict[str, float]): The loss of each task that was weighed, in pipeline order.
        Mean per annotated unit.
    units (Dict[str, int]): How many units of each task were annotated, of those that tell.
    weights (Dict[str, float]): The effective weight of each task.
    auxiliary (Dict[str, float]): The losses of the sharing scheme itself, by name.
    rows (Floats2d): The tasks' gradients at the shared representation, in the order of
        `losses`. Shape: (n_tasks, n_values).
    """

    losses: Dict[str, float]
    units: Dict[str, int]
    weights: Dict[str, float]
    auxiliary: Dict[str, float]
    rows: Floats2d


class Weighting:
    """Decides how much each task moves what the tasks share.

    The base class of all weightings. Only `__call__` has to be written; the other methods do
    nothing here. A plain function, or an object that has some of these methods, serves as
    well: it is wrapped where it is registered.
    """

    #: Whether it looks at the losses. If not, those of stock components (and their gradients)
    #: are left as they are.
    needs_losses: bool = True
    #: Whether it is told the losses of the last batch once more, after the optimizer's step.
    recompute: bool = False

    def __call__(self, losses: Dict[str, float], gradients: Floats2d) -> Combined:
        """Combine the gradients of the tasks that are present in a step.

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
        """Refuse settings that do not fit the pipeline. Called when it is initialised, or changes.

        tasks (Sequence[str]): The tasks of the pipeline.
        RAISES (ValueError): If a setting names another task.
        """

    def check_training(self, gradients: str) -> None:
        """Refuse to begin a training that could not go on. Called when `check_tasks` is.

        gradients (str): Where gradients are taken: "representation" or "parameters".
        RAISES (Exception): If it could not work there.
        """

    def observe(self, losses: Dict[str, float]) -> None:
        """Be told the losses of the last batch once more, where `recompute` is true.

        losses (Dict[str, float]): After the optimizer's step, by task.
        """

    def get_state(self) -> Optional[Dict[str, Any]]:
        """Take what was learned, to be saved with the pipeline.

        RETURNS (Optional[Dict[str, Any]]): Of numbers, strings, lists, dicts and arrays of
            numpy. None if nothing is learned.
        """
        return None

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave.

        state (Dict[str, Any]): The state.
        """


@dataclass(frozen=True)
class Progress:
    """How far a training has come, for a schedule of corpora.

    step (int): The batches that were drawn before, so 0 for the first.
    passes (Dict[str, float]): How often each corpus was given in full, such as 1.5.
    sizes (Dict[str, int]): The examples of each corpus, in the order of the config.
    tasks (Dict[str, Sequence[str]]): The tasks that each corpus annotates.
    random (Random): What a schedule that draws itself draws from.
    mixed (bool): Whether the shares are to hold inside every batch; else a batch is of one
        corpus, drawn by its share.
    """

    step: int
    passes: Dict[str, float]
    sizes: Dict[str, int]
    tasks: Dict[str, Sequence[str]]
    random: Random
    mixed: bool = False


class Schedule:
    """Decides which corpus gives the next batch.

    The base class of all schedules. Only `__call__` has to be written; the other methods do
    nothing here. A plain function, or an object that has some of these methods, serves as
    well: it is wrapped where it is registered.
    """

    #: Whether it goes by the losses of the steps: `observe_losses` is called. True for a class
    #: that has this method, if it does not say otherwise.
    needs_losses: bool = False
    #: Whether it goes by the scores of evaluations: `observe_scores` is called. As above.
    needs_scores: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # Whoever has something to be told with wants to be told.
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
        """Say how the next batch is to be drawn.

        progress (Progress): How far the training is.
        RETURNS (Dict[str, float]): A share for each corpus, >= 0. They need not sum to 1;
            a corpus that is not named has 0.
        """
        raise NotImplementedError

    @property
    def title(self) -> str:
        """RETURNS (str): The name of the method, for messages."""
        return type(self).__name__

    def check(self, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]) -> None:
        """Refuse settings that do not fit the corpora. Called before training begins.

        sizes (Dict[str, int]): The examples of each corpus.
        tasks (Dict[str, Sequence[str]]): The tasks that each annotates.
        RAISES (ValueError): If a setting names a corpus or task that does not exist.
        """

    def observe_losses(self, losses: Dict[str, float]) -> None:
        """Be told the losses of the tasks of each step, where `needs_losses` is true.

        losses (Dict[str, float]): By task.
        """

    def observe_scores(self, scores: Dict[str, float]) -> None:
        """Be told the scores of each evaluation, where `needs_scores` is true.

        scores (Dict[str, float]): By task.
        """

    def get_state(self) -> Optional[Dict[str, Any]]:
        """Take what was learned, to be saved in checkpoints.

        RETURNS (Optional[Dict[str, Any]]): Of numbers, strings, lists and dicts. None if
            nothing is learned.
        """
        return None

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave.

        state (Dict[str, Any]): The state.
        """


class Monitor:
    """Looks on while steps close, for a log. It must not change what it sees.

    An observer of `MultiTask` that may have a state, which is saved in checkpoints. The base
    class of all monitors: its methods do nothing.
    """

    def __call__(self, report: StepReport) -> None:
        """Take note of a step, as all observers do.

        report (StepReport): What the step has done.
        """
        self.record(report.losses, report.rows, report.weights)

    def record(
        self, losses: Dict[str, float], gradients: Floats2d, weights: Dict[str, float]
    ) -> None:
        """Take note of a step.

        losses (Dict[str, float]): The loss of each task that was weighed.
        gradients (Floats2d): Their gradients at the shared representation, rows in the
            order of `losses`. Shape: (n_tasks, n_values).
        weights (Dict[str, float]): The effective weight of each task.
        """

    def get_state(self) -> Optional[Dict[str, Any]]:
        """RETURNS (Optional[Dict[str, Any]]): For msgpack. None if there is nothing to save."""
        return None

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave.

        state (Dict[str, Any]): The state.
        """


#: Gets the report of each joint step.
Observer = Callable[[StepReport], None]

#: Takes the gradient with respect to a view, gives zeros shaped like the view.
ViewCallback = Callable[[TokenVectors], TokenVectors]

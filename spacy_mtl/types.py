"""What passes between the stations of the data flow, with its shapes."""

from dataclasses import dataclass
from random import Random
from typing import Callable, Dict, List, Protocol, Sequence, Tuple

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

#: From the shared representation and the names of the tasks to each task's view
#: of it. Its backprop turns the gradients of some views, by task, into those
#: tasks' gradients at the shared representation, one each, not summed.
Sharing = Model[Tuple[TokenVectors, Sequence[str]], Dict[str, TokenVectors]]


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


class Weighting(Protocol):
    """Decides how much each task moves what the tasks share.

    A call is all that is asked. What it may have beside:

    check_tasks(tasks: Sequence[str]): Raises a ValueError if a setting names another task
        than those of the pipeline. Called when a pipeline is initialised, or changes.
    check_training(gradients: str): Raises an error if it could not work at the
        "representation", or at the "parameters". Called then, too.
    get_state() -> Dict[str, Any] and set_state(state): What was learned, of numbers,
        strings, lists, dicts and arrays of numpy: saved with the pipeline.
    needs_losses (bool): False if it does not look at the losses, so that those of stock
        components (and their gradients) are left as they are. By default it does.
    recompute (bool) and observe(losses: Dict[str, float]): If true, it is told the losses
        of the last batch once more, after the optimizer's step.
    """

    def __call__(self, losses: Dict[str, float], gradients: Floats2d) -> Combined:
        """Combine the gradients of the tasks that are present in a step.

        losses (Dict[str, float]): The loss of each task present, in pipeline
            order. Mean per annotated unit.
        gradients (Floats2d): The gradient of each task's loss at the shared
            representation, rows in the order of `losses`.
            Shape: (n_tasks, n_values).
        RETURNS (Combined): The combined gradient and the weights.
        """
        ...


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


class Schedule(Protocol):
    """Decides which corpus gives the next batch.

    A call is all that is asked. What it may have beside:

    check(sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]): Raises a ValueError if a
        setting names a corpus or task that there is not. Called before training begins.
    observe_losses(losses: Dict[str, float]): Is told the losses of the tasks of each step.
    observe_scores(scores: Dict[str, float]): Is told the scores of each evaluation.
    get_state() -> Dict[str, Any] and set_state(state): What it has learned, of numbers,
        strings, lists and dicts: saved in checkpoints.
    """

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Say how the next batch is to be drawn.

        progress (Progress): How far the training is.
        RETURNS (Dict[str, float]): A share for each corpus, >= 0. They need not sum to 1;
            a corpus that is not named has 0.
        """
        ...


class Monitor(Protocol):
    """Looks on while steps close, for a log. It must not change what it sees.

    With `get_state` and `set_state`, as those of a `Weighting`, it is saved in checkpoints.
    """

    def record(
        self, losses: Dict[str, float], gradients: Floats2d, weights: Dict[str, float]
    ) -> None:
        """Take note of a step.

        losses (Dict[str, float]): The loss of each task present.
        gradients (Floats2d): Their gradients at the shared representation, rows in the
            order of `losses`. Shape: (n_tasks, n_values).
        weights (Dict[str, float]): The effective weight of each task.
        """
        ...


#: Takes the gradient with respect to a view, gives zeros shaped like the view.
ViewCallback = Callable[[TokenVectors], TokenVectors]

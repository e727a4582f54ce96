"""The interface of a task: what it learns from, what it sets and how it is scored."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from spacy.tokens import Doc
from spacy.training import Example

from ..types import TokenVectors
from .kinds import kinds_among


class Task:
    """What the corpora, the joint step and reports need to know about a component's task.

    This package's heads are tasks themselves. Components from spaCy and other packages have
    an adapter: see `task_of`.
    """

    #: The name of the component in the pipeline.
    name: str
    #: Whether the component can be trained.
    is_trainable: bool
    #: The unit that it annotates: "token" or "doc".
    unit: str = "token"
    #: The task's key of `doc.spans`; None if it has none.
    spans_key: Optional[str] = None
    #: What a user can do if two components set the same annotation.
    how_to_separate: str = ""
    #: Whether it reports its loss and the number of annotated units to its listener.
    reports: bool = False
    #: Whether it skips texts whose corpus doesn't declare it: see `TASKS_KEY`.
    heeds_declaration: bool = False
    #: Whether it treats a text without annotation as a negative example.
    reads_absence: bool = False
    #: This package's factory to use instead if that is a problem, if there is one.
    alternative: str = ""
    #: Whether the loss that it adds to spaCy's is a mean over documents, not a sum.
    loss_is_mean: bool = False
    #: Whether `loss_of_batch` can compute a loss from the model's output for documents.
    loss_from_scores: bool = False

    @property
    def labels(self) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): The labels of the component."""
        raise NotImplementedError

    @property
    def score_prefix(self) -> str:
        """RETURNS (str): The prefix of the score keys; "" for spaCy's own keys."""
        return ""

    @property
    def kinds(self) -> Set[str]:
        """RETURNS (Set[str]): The kinds of annotation it learns, such as "tags". May be empty."""
        return kinds_among(self.gold_attributes())

    @property
    def knows_labels(self) -> bool:
        """RETURNS (bool): Whether `count_labels` can find labels."""
        raise NotImplementedError

    @property
    def has_teacher(self) -> bool:
        """RETURNS (bool): Whether it may learn from texts without its annotation."""
        return False

    @property
    def fingerprint_of_teacher(self) -> Optional[str]:
        """RETURNS (Optional[str]): What identifies the teacher, if there is one that was found."""
        return None

    @property
    def is_taught(self) -> bool:
        """RETURNS (bool): Whether it learns from every text with tokens in the next batch."""
        return False

    @property
    def skips(self) -> bool:
        """RETURNS (bool): Whether it skips a batch without annotation, and needs no view of it."""
        return False

    def check_teacher(self, labels: Sequence[str]) -> List[str]:
        """Look for the teacher, if there is one, as training will.

        labels (Sequence[str]): The labels that the task will have. May be empty if they will be
            those of the teacher.
        RETURNS (List[str]): The labels of the teacher; none without one.
        RAISES (ValueError): If the teacher is missing or doesn't fit.
        """
        return []

    def gold_attributes(self) -> Set[str]:
        """RETURNS (Set[str]): The attributes with its gold annotation, such as "doc.ents"."""
        raise NotImplementedError

    def output_keys(self) -> Set[str]:
        """RETURNS (Set[str]): What it sets, such as "doc.ents". No other task may set it."""
        raise NotImplementedError

    def count_labels(self, example: Example) -> Iterable[str]:
        """RETURNS (Iterable[str]): The labels of an example, once per annotation."""
        raise NotImplementedError

    def has_gold(self, doc: Doc) -> bool:
        """RETURNS (bool): Whether a gold document is annotated; True if unknown."""
        raise NotImplementedError

    def own_examples(self, examples: Iterable[Example]) -> List[Example]:
        """Select the gold annotation that the task learns from and is scored on.

        examples (Iterable[Example]): The batch.
        RETURNS (List[Example]): The same texts.
        """
        return list(examples)

    def count_unfit(self, example: Example) -> int:
        """RETURNS (int): How many gold entities it must trim or leave out."""
        return 0

    def prepare_labels(self, labels: Iterable[str], read: Callable[[], Iterable[Example]]) -> bool:
        """Add the labels to the component before it is initialized.

        labels (Iterable[str]): The labels that `count_labels` found in all texts.
        read (Callable[[], Iterable[Example]]): Returns all texts.
        RETURNS (bool): False if the component has labels that can't be found.
        """
        raise NotImplementedError

    def own_score_weights(self, weights: Dict[str, Any]) -> Dict[str, Any]:
        """Get the scores that the task reports, without a prefix.

        weights (Dict[str, Optional[float]]): The factory's default score weights.
        RETURNS (Dict[str, Optional[float]]): The same weights by the task's own keys.
        """
        return weights

    def take_score_prefix(self, prefix: str) -> None:
        """Set the prefix of the score keys, if the task supports it and has none yet.

        prefix (str): The prefix.
        """

    def divisors(self, d_view: TokenVectors) -> Tuple[float, float]:
        """Get the divisors that turn the component's gradient and loss into means per unit.

        d_view (List[Floats2d]): The gradient that it sent, zero where nothing was annotated.
            Shape of each: (n_tokens, width).
        RETURNS (Tuple[float, float]): Divisors of the gradient and of the loss.
        """
        return self.divisors_of(self.count_units(d_view))

    def count_units(self, d_view: TokenVectors) -> float:
        """RETURNS (float): The number of units with a gradient: see `divisors`."""
        return 1.0

    def divisors_of(self, n_units: float) -> Tuple[float, float]:
        """RETURNS (Tuple[float, float]): The divisors for a number of units: see `divisors`."""
        return 1.0, 1.0

    def loss_of_batch(self, examples: List[Example], scores: Any) -> Optional[float]:
        """Recompute the loss of a batch, without a backward pass.

        examples (List[Example]): The batch.
        scores (Any): The model's output for its documents.
        RETURNS (Optional[float]): The loss as the component computes it. None if it can't be
            computed from these: see `loss_from_scores`.
        """
        return None

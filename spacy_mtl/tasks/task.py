"""What a task is, said once: what it learns from, what it sets, and how it is measured."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

from spacy.tokens import Doc
from spacy.training import Example

from ..types import TokenVectors
from .kinds import kinds_among


class Task:
    """A job with a component of its own: what corpus, joint step and reports ask about it.

    Heads of this package are tasks themselves. Components of spaCy and of other packages have
    an adapter: see `task_of`.
    """

    #: Its name: that of the component in the pipeline.
    name: str
    #: Whether the component can be trained.
    is_trainable: bool
    #: What it annotates: "token" or "doc".
    unit: str = "token"
    #: The key of `doc.spans` that is the task's; None if there is none.
    spans_key: Optional[str] = None
    #: What a user can do if two components set the same.
    how_to_part: str = ""
    #: Whether it reports its loss, and how many units were annotated, at its listener.
    reports: bool = False
    #: Whether it leaves out texts whose corpus does not declare it: see `TASKS_KEY`.
    heeds_declaration: bool = False
    #: Whether it takes a text without annotation for one in which there is nothing.
    reads_absence: bool = False
    #: The factory of this package to use instead where that is a problem, if there is one.
    alternative: str = ""
    #: Whether `loss_of_batch` can tell a loss from what its model gives for documents.
    loss_from_scores: bool = False

    @property
    def labels(self) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): The labels of the component."""
        raise NotImplementedError

    @property
    def score_prefix(self) -> str:
        """RETURNS (str): What the keys of the scores begin with; "" for spaCy's own keys."""
        return ""

    @property
    def kinds(self) -> Set[str]:
        """RETURNS (Set[str]): What annotation it learns, such as "tags". Empty if not known."""
        return kinds_among(self.gold_attributes())

    @property
    def knows_labels(self) -> bool:
        """RETURNS (bool): Whether `count_labels` can find any."""
        raise NotImplementedError

    def gold_attributes(self) -> Set[str]:
        """RETURNS (Set[str]): Where its gold annotation is, such as "doc.ents"."""
        raise NotImplementedError

    def output_keys(self) -> Set[str]:
        """RETURNS (Set[str]): What it sets, such as "doc.ents": no other task may."""
        raise NotImplementedError

    def count_labels(self, example: Example) -> Iterable[str]:
        """RETURNS (Iterable[str]): The labels of an example, each as often as it is annotated."""
        raise NotImplementedError

    def has_gold(self, doc: Doc) -> bool:
        """RETURNS (bool): Whether a gold document is annotated; True also if that is not known."""
        raise NotImplementedError

    def own_examples(self, examples: Iterable[Example]) -> List[Example]:
        """Take the gold annotation that the task learns, and is scored by.

        examples (Iterable[Example]): The batch.
        RETURNS (List[Example]): The same texts.
        """
        return list(examples)

    def count_unfit(self, example: Example) -> int:
        """RETURNS (int): How many gold entities it has to trim or leave out."""
        return 0

    def prepare_labels(self, labels: Iterable[str], read: Callable[[], Iterable[Example]]) -> bool:
        """Have the component know its labels before it is initialised.

        labels (Iterable[str]): What `count_labels` has found in all texts.
        read (Callable[[], Iterable[Example]]): Gives all texts.
        RETURNS (bool): False if the component has labels that cannot be found.
        """
        raise NotImplementedError

    def own_score_weights(self, weights: Dict[str, Any]) -> Dict[str, Any]:
        """Name the scores that the task reports, without prefix.

        weights (Dict[str, Optional[float]]): The defaults of its factory.
        RETURNS (Dict[str, Optional[float]]): The same weights by its own keys.
        """
        return weights

    def take_score_prefix(self, prefix: str) -> None:
        """Have the keys of the scores begin with a prefix, if they can, and have none yet.

        prefix (str): The prefix.
        """

    def divisors(self, d_view: TokenVectors) -> Tuple[float, float]:
        """Say what makes a mean per unit of the component's gradient and of its loss.

        d_view (List[Floats2d]): The gradient that it sent. What it left at zero was not
            annotated. Shape of each: (n_tokens, width).
        RETURNS (Tuple[float, float]): Divisors of the gradient and of the loss.
        """
        return 1.0, 1.0

    def loss_of_batch(self, examples: List[Example], scores: Any) -> Optional[float]:
        """Compute the loss of a batch once more, without a backward pass.

        examples (List[Example]): The batch.
        scores (Any): What the model gives for its documents.
        RETURNS (Optional[float]): The loss as the component computes it. None if it does not
            compute it from these: see `loss_from_scores`.
        """
        return None

"""Tasks that are components of spaCy or of others: one table of what differs from class to class.

spaCy's own components send the gradient of a sum: over tokens (tagger, morphologizer,
trainable_lemmatizer, senter, span_finder), over documents (textcat), over parser states
(parser, ner) or spans (spancat). As a loss they report the sum of its squares, but textcat: the
mean over documents and labels. What is not over documents is brought to a mean over tokens:
states are about as many, spans as many as the suggester makes of them. The heads of this
package have means for both.
"""

from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple, Type

from spacy.language import Language
from spacy.pipeline import (
    DependencyParser,
    EditTreeLemmatizer,
    EntityLinker,
    EntityRecognizer,
    Morphologizer,
    MultiLabel_TextCategorizer,
    SentenceRecognizer,
    SpanCategorizer,
    Tagger,
    TextCategorizer,
)
from spacy.pipeline.span_finder import SpanFinder
from spacy.training import Example

from ..compat.spacy import add_lemmatizer_trees, add_parser_actions
from ..types import TokenVectors
from .adapter import StockTask
from .task import Task


class FromScores(StockTask):
    """A component whose loss comes from the scores of documents.

    Others go from state to state (parser, ner), or have models that take spans (spancat).
    """

    loss_from_scores = True

    def loss_of_batch(self, examples: List[Example], scores: Any) -> Optional[float]:
        """RETURNS (Optional[float]): The loss: see `Task.loss_of_batch`."""
        return float(self.pipe.get_loss(examples, scores)[0])


class Sentences(FromScores):
    """A senter."""

    reads_absence = True


class Lemmas(FromScores):
    """A lemmatizer with edit trees, which stand for its labels."""

    def prepare_labels(self, labels: Iterable[str], read: Callable[[], Iterable[Example]]) -> bool:
        """Have it find the trees of all texts: see `Task.prepare_labels`."""
        # Those of the first texts are among them.
        add_lemmatizer_trees(self.pipe, read())
        return True


class Categories(FromScores):
    """A textcat, or one of several labels."""

    unit = "doc"
    alternative = "mtl_textcat"

    def __init__(self, nlp: Language, name: str) -> None:
        super().__init__(nlp, name)
        # One of several labels has missing values.
        self.reads_absence = not self.pipe.support_missing_values

    def divisors(self, d_view: TokenVectors) -> Tuple[float, float]:
        """RETURNS (Tuple[float, float]): The documents that have a gradient, and the labels."""
        # As all others: the sum over labels.
        n_labels = float(max(1, len(self.labels)))
        return float(max(1, sum(bool(d.any()) for d in d_view))), 1 / n_labels


class Spans(StockTask):
    """A spancat or span_finder."""

    reads_absence = True
    alternative = "mtl_ner"


class Dependencies(StockTask):
    """A parser."""

    def prepare_labels(self, labels: Iterable[str], read: Callable[[], Iterable[Example]]) -> bool:
        """Add the actions of all texts: see `Task.prepare_labels`."""
        add_parser_actions(self.pipe, read())
        return True


#: By class. A subclass has the adapter of the next class above it; all others the general one.
ADAPTERS: Dict[type, Type[StockTask]] = {
    Tagger: FromScores,
    Morphologizer: FromScores,
    EditTreeLemmatizer: Lemmas,
    SentenceRecognizer: Sentences,
    TextCategorizer: Categories,
    MultiLabel_TextCategorizer: Categories,
    EntityRecognizer: StockTask,
    DependencyParser: Dependencies,
    SpanCategorizer: Spans,
    SpanFinder: Spans,
    EntityLinker: StockTask,
}


def task_of(nlp: Language, name: str) -> Task:
    """Find what is known of a task.

    nlp (Language): The pipeline.
    name (str): The name of a component, also of one that is disabled or not trained.
    RETURNS (Task): The component itself if it is a head of this package; else its adapter.
    """
    pipe: Any = nlp.get_pipe(name)
    if isinstance(pipe, Task):
        return pipe
    known = (ADAPTERS[kind] for kind in type(pipe).__mro__ if kind in ADAPTERS)
    return next(known, StockTask)(nlp, name)


def tasks_of(nlp: Language) -> Dict[str, Task]:
    """Find the tasks of a pipeline.

    nlp (Language): The pipeline.
    RETURNS (Dict[str, Task]): By component, in pipeline order; disabled ones, too. What is not
        trained, encoders, and what listens to them for others, are no tasks.
    """
    found = {name: task_of(nlp, name) for name, _ in nlp.components}
    return {
        name: task
        for name, task in found.items()
        if task.is_trainable and not hasattr(nlp.get_pipe(name), "listening_components")
    }

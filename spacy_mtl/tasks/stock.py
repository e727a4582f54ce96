"""Stock components as tasks: one table of what differs between classes.

spaCy's components send the gradient of a sum: over tokens (tagger, morphologizer,
trainable_lemmatizer, senter, span_finder), documents (textcat), parser states (parser, ner)
or spans (spancat). The loss they report is the sum of its squares, except for textcat, which
reports the mean over documents and labels. Everything that isn't per document is scaled to a
mean over tokens: there are about as many states, and as many spans as the suggester makes.
This package's heads use means for both.
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
    """A component that computes its loss from the scores of documents.

    Others move from state to state (parser, ner) or have models that take spans (spancat).
    """

    loss_from_scores = True

    def loss_of_batch(self, examples: List[Example], scores: Any) -> Optional[float]:
        """RETURNS (Optional[float]): The loss: see `Task.loss_of_batch`."""
        return float(self.pipe.get_loss(examples, scores)[0])


class Sentences(FromScores):
    """A senter."""

    reads_absence = True


class Lemmas(FromScores):
    """An edit tree lemmatizer; its labels are trees."""

    def prepare_labels(self, labels: Iterable[str], read: Callable[[], Iterable[Example]]) -> bool:
        """Add the trees of all texts: see `Task.prepare_labels`."""
        # They include those of the first texts.
        add_lemmatizer_trees(self.pipe, read())
        return True


class Categories(FromScores):
    """A textcat or textcat_multilabel."""

    unit = "doc"
    loss_is_mean = True
    alternative = "mtl_textcat"

    def __init__(self, nlp: Language, name: str) -> None:
        super().__init__(nlp, name)
        # Only textcat_multilabel supports missing values.
        self.reads_absence = not self.pipe.support_missing_values

    def count_units(self, d_view: TokenVectors) -> float:
        """RETURNS (float): How many documents have a gradient: see `Task.divisors`."""
        return float(sum(bool(d.any()) for d in d_view))

    def divisors_of(self, n_units: float) -> Tuple[float, float]:
        """RETURNS (Tuple[float, float]): The number of documents; 1 / n_labels."""
        # Turns the mean over labels into a sum, like all others.
        return max(1.0, n_units), 1 / float(max(1, len(self.labels)))


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


#: Adapters by class. A subclass uses that of its closest base class; others use the general one.
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
    """Get a component as a task.

    nlp (Language): The pipeline.
    name (str): The name of a component, which may be disabled or not trainable.
    RETURNS (Task): The component itself if it is one of this package's heads, else its adapter.
    """
    pipe: Any = nlp.get_pipe(name)
    if isinstance(pipe, Task):
        return pipe
    known = (ADAPTERS[kind] for kind in type(pipe).__mro__ if kind in ADAPTERS)
    return next(known, StockTask)(nlp, name)


def tasks_of(nlp: Language) -> Dict[str, Task]:
    """List the tasks of a pipeline.

    nlp (Language): The pipeline.
    RETURNS (Dict[str, Task]): Tasks by component, in pipeline order, including disabled ones.
        Untrainable components, encoders and the joint component aren't tasks.
    """
    found = {name: task_of(nlp, name) for name, _ in nlp.components}
    return {
        name: task
        for name, task in found.items()
        if task.is_trainable and not hasattr(nlp.get_pipe(name), "listening_components")
    }

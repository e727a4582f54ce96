"""What a head says of a corpus, at any temperature."""

from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Callable, List, Optional, Sequence

import numpy
from spacy.training import Example

from ..calibration.events import Events
from ..heads.calibration import Calibration
from ..heads.categories import CategoriesHead
from ..heads.component import TaskHead
from ..heads.decoding import EntityDecoder
from ..heads.events import category_events, entity_events, tag_events
from ..heads.tag_confidence import TagConfidence
from ..losses import sigmoid, softmax


@dataclass(frozen=True)
class HeadEvents:
    """What a head says of annotated texts.

    events (Events): Its predictions, with confidences as they are without calibration.
    confidences_at (Callable[[float], numpy.ndarray]): Computes them at another temperature.
        Shape: (n_events,).
    """

    events: Events
    confidences_at: Callable[[float], numpy.ndarray]


@singledispatch
def events_of(head: Any, examples: Sequence[Example]) -> Optional[HeadEvents]:
    """Compare the predictions of a head with the annotation.

    head (Any): A component. Its calibration and thresholds don't matter.
    examples (Sequence[Example]): What the head is scored on. The encoder of the predicted
        documents has run.
    RETURNS (Optional[HeadEvents]): The predictions. None if it isn't a head of this package.
    """
    return None


@events_of.register
def _(head: EntityDecoder, examples: Sequence[Example]) -> HeadEvents:
    docs = [eg.predicted for eg in examples]
    scores = head.predict(docs)

    def found_at(temperature: float) -> List[Any]:
        before = head.calibration
        head.calibration = Calibration(temperature)
        try:
            return head.confidences(docs, scores)
        finally:
            head.calibration = before

    def confidences_at(temperature: float) -> numpy.ndarray:
        found = [each[3] for of_doc in found_at(temperature) for each in of_doc]
        return numpy.asarray(found, dtype="float64")[kept]

    events, kept = entity_events(examples, found_at(1.0), head.labels, head.spans_key)
    return HeadEvents(events, confidences_at)


@events_of.register
def _(head: TagConfidence, examples: Sequence[Example]) -> HeadEvents:
    logits: List[Any] = [head.model.ops.to_numpy(own) for own in _logits(head, examples)]
    labels = head.labels
    tags = [[labels[i] for i in own.argmax(axis=1)] if len(own) else [] for own in logits]

    def at(temperature: float) -> List[Any]:
        return [softmax(own / temperature).max(axis=1) if len(own) else own[:, 0] for own in logits]

    def confidences_at(temperature: float) -> numpy.ndarray:
        return numpy.concatenate([*at(temperature), []]).astype("float64")[kept]

    events, kept = tag_events(examples, tags, [own.tolist() for own in at(1.0)], head.attribute)
    return HeadEvents(events, confidences_at)


@events_of.register
def _(head: CategoriesHead, examples: Sequence[Example]) -> HeadEvents:
    logits = head.model.ops.to_numpy(_logits(head, examples))
    probabilities_of: Any = sigmoid if head.multi_label else softmax

    def at(temperature: float) -> numpy.ndarray:
        return probabilities_of(logits / temperature).astype("float64")

    events, kept = category_events(
        examples, at(1.0), list(head.labels), multi_label=head.multi_label
    )
    return HeadEvents(events, lambda temperature: at(temperature).ravel()[kept])


def _logits(head: TaskHead, examples: Sequence[Example]) -> Any:
    # Not the probabilities that heads of categories predict.
    return TaskHead.predict(head, [eg.predicted for eg in examples])

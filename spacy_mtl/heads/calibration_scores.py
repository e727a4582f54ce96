"""Expected calibration errors of the confidences in predicted documents, as scores."""

from typing import Dict, Iterable, List, Optional, Sequence

import numpy
from spacy.tokens import Doc, Span, Token
from spacy.training import Example

from ..calibration.events import Events
from ..calibration.metrics import expected_calibration_error
from .alignment import tags_of
from .confidence import CONFIDENCE, Found
from .entities import gold_spans
from .events import category_events, entity_events, tag_events

Scores = Dict[str, Optional[float]]


def error_of_entities(
    examples: Sequence[Example], spans_key: Optional[str], own_labels: Optional[Iterable[str]]
) -> Scores:
    """Compute the calibration error of `span._.confidence`.

    examples (Sequence[Example]): The examples, with predictions.
    spans_key (Optional[str]): A key of `doc.spans`; None for `doc.ents`.
    own_labels (Optional[Iterable[str]]): Only entities with these labels count; None: all.
    RETURNS (Dict[str, Optional[float]]): "ents_ece" or "spans_KEY_ece"; None without predictions.
    RAISES (ValueError): If no component sets confidences.
    """
    _check_extension(Span, CONFIDENCE)
    own = None if own_labels is None else set(own_labels)

    def found_in(doc: Doc) -> List[Found]:
        return [
            (span.start, span.end, span.label_, span._.get(CONFIDENCE))
            for span in gold_spans(doc, spans_key)
            if span._.get(CONFIDENCE) is not None and (own is None or span.label_ in own)
        ]

    found = [found_in(eg.predicted) for eg in examples]
    # The number of gold entities doesn't matter here.
    events, _ = entity_events(examples, found, (), spans_key)
    start = "ents" if spans_key is None else f"spans_{spans_key}"
    return {f"{start}_ece": _error_of(events)}


def error_of_tags(examples: Sequence[Example], attribute: str) -> Scores:
    """Compute the calibration error of `token._.tag_confidence`.

    examples (Sequence[Example]): The examples, with predictions.
    attribute (str): See `tags_of`.
    RETURNS (Dict[str, Optional[float]]): "tag_ece", "pos_ece" or "EXTENSION_ece"; None without
        predictions.
    RAISES (ValueError): If no component sets confidences.
    """
    start = attribute.removeprefix("_.")
    name = f"{start}_confidence"
    _check_extension(Token, name)
    tags = [tags_of(eg.predicted, attribute) for eg in examples]
    confidences = [[token._.get(name) for token in eg.predicted] for eg in examples]
    events, _ = tag_events(examples, tags, confidences, attribute)
    return {f"{start}_ece": _error_of(events)}


def error_of_categories(
    examples: Sequence[Example], labels: Iterable[str], multi_label: bool
) -> Scores:
    """Compute the calibration error of `doc.cats`.

    examples (Sequence[Example]): The examples, with predictions.
    labels (Iterable[str]): The labels.
    multi_label (bool): Whether categories are independent.
    RETURNS (Dict[str, Optional[float]]): "cats_ece"; None without predictions.
    """
    names = list(labels)
    rows = [[eg.predicted.cats.get(label, 0.0) for label in names] for eg in examples]
    probabilities = numpy.asarray(rows, dtype="float64").reshape((len(rows), len(names)))
    events, _ = category_events(examples, probabilities, names, multi_label=multi_label)
    return {"cats_ece": _error_of(events)}


def _error_of(events: Events) -> Optional[float]:
    return expected_calibration_error(events.confidences, events.correct) if len(events) else None


def _check_extension(kind: type, name: str) -> None:
    if not kind.has_extension(name):  # type: ignore[attr-defined]
        raise ValueError(
            f"A scorer with ece = true needs '{kind.__name__.lower()}._.{name}', but no component "
            "sets it. Set confidence = true in the component's block of the config, or ece = false "
            "in the block of its scorer."
        )

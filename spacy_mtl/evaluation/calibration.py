"""Whether the confidences of heads hold what they say."""

from dataclasses import dataclass
from typing import Any, Dict, List, Sequence

import numpy
from spacy.language import Language
from spacy.training import Example

from ..calibration.coverage import Covered, precision_at_coverage
from ..calibration.events import Events
from ..calibration.metrics import error_by_chance, expected_calibration_error
from ..heads.alignment import tags_of
from ..heads.categories import CategoriesHead
from ..heads.component import TaskHead
from ..heads.decoding import EntityDecoder
from ..heads.events import category_events, entity_events, tag_events
from ..heads.tag_confidence import TagConfidence


@dataclass(frozen=True)
class CalibrationResult:
    """How good the confidences of a head are.

    n (int): The number of predictions: entities before any threshold, tags of tokens, the best of
        exclusive categories, or each of independent ones.
    error (float): The expected calibration error, in [0, 1].
    by_chance (float): The error that so few predictions would have with perfect confidences.
    coverage (List[Covered]): The precision of those of which the head is most sure.
    """

    n: int
    error: float
    by_chance: float
    coverage: List[Covered]


def find_calibrations(nlp: Language, examples: Sequence[Example]) -> Dict[str, CalibrationResult]:
    """Compare confidences with the annotation.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): Documents that it has just annotated, with gold documents.
    RETURNS (Dict[str, CalibrationResult]): The results of this package's heads for which something
        is annotated, by component.
    """
    found = {}
    for name, pipe in nlp.pipeline:
        head: Any = pipe
        if not isinstance(head, TaskHead):
            continue
        own = [eg for eg in head.scored_examples(examples) if head.has_gold(eg.reference)]
        events = _events(head, own) if own else None
        if events is not None and len(events):
            values = events.confidences, events.correct
            found[name] = CalibrationResult(
                n=len(events),
                error=expected_calibration_error(*values),
                by_chance=error_by_chance(events.confidences),
                coverage=precision_at_coverage(*values),
            )
    return found


def _events(head: Any, examples: List[Example]) -> Events | None:
    docs = [eg.predicted for eg in examples]
    if isinstance(head, EntityDecoder):
        found = head.confidences(docs)
        return entity_events(examples, found, head.labels, head.spans_key)[0]
    if isinstance(head, TagConfidence):
        tags = [tags_of(doc, head.attribute) for doc in docs]
        sure = [own.tolist() for own in head.confidences(docs)]
        return tag_events(examples, tags, sure, head.attribute)[0]
    if isinstance(head, CategoriesHead):
        rows = [[doc.cats.get(label, 0.0) for label in head.labels] for doc in docs]
        values = numpy.asarray(rows, dtype="float64")
        labels = list(head.labels)
        return category_events(examples, values, labels, multi_label=head.multi_label)[0]
    # A head of another package.
    return None

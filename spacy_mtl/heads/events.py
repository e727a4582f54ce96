"""What heads have predicted, how sure they were, and whether they were right."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy
from spacy.tokens import Span
from spacy.training import Example

from ..calibration.events import Events, make_events
from .alignment import aligned_tags
from .biluo import biluo_of
from .confidence import Found
from .entities import read_entities


class _Collected:
    """Predictions, one after the other."""

    def __init__(self) -> None:
        self._rows: List[Tuple[float, bool, str, int]] = []
        self._n_gold: Dict[str, int] = {}

    def add(self, confidence: float, is_right: bool, label: str, text: int) -> None:
        self._rows.append((confidence, is_right, label, text))

    def count_gold(self, label: str) -> None:
        self._n_gold[label] = self._n_gold.get(label, 0) + 1

    def events(self) -> Events:
        confidences, correct, labels, texts = zip(*self._rows) if self._rows else ([],) * 4
        return make_events(confidences, correct, list(labels), texts, self._n_gold)


def entity_events(
    examples: Sequence[Example],
    found: Sequence[Sequence[Found]],
    labels: Sequence[str],
    spans_key: Optional[str],
) -> Tuple[Events, numpy.ndarray]:
    """Compare entities with the annotation.

    Entities of which a token has no annotation are neither right nor wrong, and left out.

    examples (Sequence[Example]): The examples.
    found (Sequence[Sequence[Tuple[int, int, str, float]]]): The entities of each, with their
        probabilities.
    labels (Sequence[str]): The labels that count.
    spans_key (Optional[str]): The key of `doc.spans` with the annotation; None for `doc.ents`.
    RETURNS (Tuple[Events, numpy.ndarray]): The entities, and which of all that were found they
        are, as indices.
    """
    collected, kept, index = _Collected(), [], -1
    for i, (eg, entities) in enumerate(zip(examples, found)):
        gold = read_entities(eg, spans_key).classes
        for name in gold:
            if name and name[0] in "BU" and name[2:] in labels:
                collected.count_gold(name[2:])
        for start, end, label, confidence in entities:
            index += 1
            own = gold[start:end]
            if None not in own:
                is_right = own == biluo_of(Span(eg.predicted, start, end, label=label))
                collected.add(confidence, is_right, label, i)
                kept.append(index)
    return collected.events(), numpy.asarray(kept, dtype="int64")


def tag_events(
    examples: Sequence[Example],
    tags: Sequence[Sequence[str]],
    confidences: Sequence[Sequence[Optional[float]]],
    attribute: str,
) -> Tuple[Events, numpy.ndarray]:
    """Compare tags with the annotation.

    Tokens without annotation, or without confidence, are left out.

    examples (Sequence[Example]): The examples.
    tags (Sequence[Sequence[str]]): The predicted tags of their tokens.
    confidences (Sequence[Sequence[Optional[float]]]): Their probabilities.
    attribute (str): What was predicted: see `tags_of`.
    RETURNS (Tuple[Events, numpy.ndarray]): The tags, and which of all tokens they are of, as
        indices.
    """
    collected, kept, index = _Collected(), [], -1
    for i, (eg, own, probabilities) in enumerate(zip(examples, tags, confidences)):
        for gold, tag, confidence in zip(aligned_tags(eg, attribute), own, probabilities):
            index += 1
            if gold and confidence is not None:
                collected.count_gold(gold)
                collected.add(confidence, tag == gold, tag, i)
                kept.append(index)
    return collected.events(), numpy.asarray(kept, dtype="int64")


def category_events(
    examples: Sequence[Example],
    probabilities: numpy.ndarray,
    labels: Sequence[str],
    *,
    multi_label: bool,
) -> Tuple[Events, numpy.ndarray]:
    """Compare categories with the annotation, of which 0.5 and above counts as positive.

    Of exclusive categories the best one counts, in texts that have one of these labels; of
    independent ones each that is annotated.

    examples (Sequence[Example]): The examples.
    probabilities (Floats2d): The probabilities. Shape: (n_examples, n_labels).
    labels (Sequence[str]): The labels.
    multi_label (bool): Whether categories are independent.
    RETURNS (Tuple[Events, numpy.ndarray]): The categories, and which of all probabilities they
        are, as indices into the flattened array.
    """
    collected, kept = _Collected(), []
    best = probabilities.argmax(axis=1) if len(examples) else ()
    for i, eg in enumerate(examples):
        cats: Dict[str, Any] = eg.reference.cats
        positive = [label for label in labels if cats.get(label, 0.0) >= 0.5]
        for label in positive if multi_label else positive[:1]:
            collected.count_gold(label)
        if multi_label:
            columns = [k for k, label in enumerate(labels) if label in cats]
        else:
            columns = [int(best[i])] if positive else []
        for k in columns:
            collected.add(float(probabilities[i, k]), labels[k] in positive, labels[k], i)
            kept.append(i * len(labels) + k)
    return collected.events(), numpy.asarray(kept, dtype="int64")

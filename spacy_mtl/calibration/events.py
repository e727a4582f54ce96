"""What a head has said about a corpus, how sure it was, and whether it was right."""

from dataclasses import dataclass, replace
from typing import Dict, List, Sequence

import numpy


@dataclass(frozen=True)
class Events:
    """Predictions with confidences, of texts that are annotated.

    A prediction is an entity, the tag of a token, the best of exclusive categories, or each of
    several independent categories.

    confidences (Floats1d): The probability of each that it is right. Shape: (n_events,).
    correct (numpy.ndarray): Whether it is right, as booleans. Shape: (n_events,).
    labels (Sequence[str]): The predicted labels. Length: n_events.
    texts (Ints1d): The index of the text that each belongs to. Shape: (n_events,).
    n_gold (Dict[str, int]): How many the annotation has, by label, for recall.
    """

    confidences: numpy.ndarray
    correct: numpy.ndarray
    labels: Sequence[str]
    texts: numpy.ndarray
    n_gold: Dict[str, int]

    def __len__(self) -> int:
        """RETURNS (int): The number of predictions."""
        return len(self.confidences)

    def with_confidences(self, confidences: numpy.ndarray) -> "Events":
        """RETURNS (Events): The same predictions, with other confidences."""
        return replace(self, confidences=confidences)

    def of(self, label: str) -> "Events":
        """RETURNS (Events): The predictions of a label."""
        own = numpy.asarray([each == label for each in self.labels], dtype=bool)
        return Events(
            self.confidences[own],
            self.correct[own],
            [label] * int(own.sum()),
            self.texts[own],
            {label: self.n_gold.get(label, 0)},
        )


def make_events(
    confidences: Sequence[float],
    correct: Sequence[bool],
    labels: List[str],
    texts: Sequence[int],
    n_gold: Dict[str, int],
) -> Events:
    """RETURNS (Events): Predictions from lists: see `Events`."""
    return Events(
        numpy.asarray(confidences, dtype="float64"),
        numpy.asarray(correct, dtype=bool),
        labels,
        numpy.asarray(texts, dtype="int64"),
        n_gold,
    )

"""The general adapter: treats a component according to what its factory says it assigns."""

import math
from typing import Any, Callable, Iterable, Set, Tuple

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example

from ..types import TokenVectors
from .kinds import has, has_labels, labels_of, spans_of
from .task import Task


class StockTask(Task):
    """A component from spaCy or another package, as a task.

    nlp (Language): The pipeline.
    name (str): The name of the component.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        self.name = name
        self.pipe: Any = nlp.get_pipe(name)
        self.assigns: Set[str] = set(nlp.get_pipe_meta(name).assigns)
        # A component may also be a plain function without these attributes.
        self.is_trainable = bool(getattr(self.pipe, "is_trainable", False))
        if "doc.spans" in self.assigns:
            settings = getattr(self.pipe, "cfg", {})
            self.spans_key = getattr(self.pipe, "spans_key", None) or settings.get("spans_key")

    @property
    def labels(self) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): The labels of the component."""
        return tuple(getattr(self.pipe, "labels", None) or ())

    @property
    def knows_labels(self) -> bool:
        """RETURNS (bool): Whether its kind of annotation has labels."""
        return has_labels(self.kinds)

    def gold_attributes(self) -> Set[str]:
        """RETURNS (Set[str]): What the component assigns is what it learns from."""
        return self.assigns

    def output_keys(self) -> Set[str]:
        """RETURNS (Set[str]): What the component sets, per label."""
        if not self.is_trainable:
            # Such as an entity ruler, whose entities a head keeps.
            return set()
        found: Set[str] = set()
        for assigned in self.assigns:
            if assigned == "doc.cats":
                found.update(f"doc.cats['{label}']" for label in self.labels)
            elif assigned == "doc.spans":
                found.add(f"doc.spans['{self.spans_key}']")
            elif assigned.startswith("token.") and assigned != "token.ent_iob":
                found.add(assigned)
        return found

    def count_labels(self, example: Example) -> Iterable[str]:
        """RETURNS (Iterable[str]): The labels of the gold document: see `labels_of`."""
        return labels_of(example.reference, self.kinds, self.spans_key)

    def has_gold(self, doc: Doc) -> bool:
        """RETURNS (bool): Whether there is annotation of its kinds; True if they are unknown."""
        kinds = self.kinds
        if kinds == {"spans"}:
            return any(True for _ in spans_of(doc, self.spans_key))
        return not kinds or any(has(doc, kind) for kind in kinds)

    def prepare_labels(self, labels: Iterable[str], read: Callable[[], Iterable[Example]]) -> bool:
        """Add the labels: see `Task.prepare_labels`."""
        if not self.knows_labels:
            return getattr(self.pipe, "label_data", None) is None
        # The base class's `add_label` raises an error.
        if type(self.pipe).add_label is not TrainablePipe.add_label:
            for label in labels:
                self.pipe.add_label(label)
        return True

    def count_units(self, d_view: TokenVectors) -> float:
        """RETURNS (float): How many tokens have a gradient: see `Task.divisors`."""
        return float(sum(int(d.any(axis=1).sum()) for d in d_view))

    def divisors_of(self, n_units: float) -> Tuple[float, float]:
        """RETURNS (Tuple[float, float]): The number of tokens: see `Task.divisors`."""
        # Layers that start at zero send no gradient at first: the number of units is unknown.
        return (n_units, n_units) if n_units else (1.0, math.inf)

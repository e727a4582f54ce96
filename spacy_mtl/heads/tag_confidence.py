"""How sure a tagging head is of its tags, and the next best ones."""

from typing import Iterable, List, Optional, Sequence

import numpy
from spacy.tokens import Doc

from ..arrays import cut
from ..losses import softmax
from ..types import TokenVectors
from .adjustable import Adjustable, misfit_of_count, misfit_of_flag
from .component import TaskHead
from .confidence import (
    n_best_name,
    register_n_best_tags,
    register_token_confidence,
    set_n_best,
    set_token_confidences,
)


class TagConfidence(TaskHead):
    """A tagging head that knows the probabilities of its tags."""

    attribute: str
    extension: Optional[str]
    overwrite: bool

    #: Whether to set `token._.tag_confidence`.
    confidence = Adjustable(misfit_of_flag)
    #: How many tags of each token to set as `doc._.NAME_n_best`.
    n_best = Adjustable(misfit_of_count)

    def settings_changed(self) -> None:
        """Register the extensions that are needed."""
        if self.confidence:
            register_token_confidence(self.confidence_name)
        if self.n_best:
            register_n_best_tags(n_best_name(self.name))

    @property
    def confidence_name(self) -> str:
        """RETURNS (str): The extension of tokens, such as "tag_confidence"."""
        return f"{self.extension or self.attribute}_confidence"

    def confidences(self, docs: Iterable[Doc]) -> List[numpy.ndarray]:
        """Compute the probabilities of the tags that the head chooses.

        docs (Iterable[Doc]): Documents whose encoder has run. They aren't changed.
        RETURNS (List[Floats1d]): One array per document. Shape of each: (n_tokens,).
        """
        docs = list(docs)
        probabilities = self._probabilities(self.predict(docs))
        return cut(probabilities.max(axis=1, initial=0.0), [len(doc) for doc in docs])

    def set_confidences(self, docs: Sequence[Doc], scores: TokenVectors) -> None:
        """Set what the settings ask for, before the tags are set.

        docs (Sequence[Doc]): The documents.
        scores (List[Floats2d]): The logits. Shape: (n_tokens, n_classes).
        """
        # A worker process may not have the extensions.
        self.settings_changed()
        probabilities = self._probabilities(scores)
        lengths = [len(doc) for doc in docs]
        if self.confidence:
            best = cut(probabilities.max(axis=1, initial=0.0), lengths)
            for doc, own in zip(docs, best):
                set_token_confidences(doc, self.confidence_name, self._of_own_tags(doc, own))
        if self.n_best:
            for doc, own in zip(docs, cut(probabilities, lengths)):
                set_n_best(doc, n_best_name(self.name), self._best_tags(own))

    def _probabilities(self, scores: TokenVectors) -> numpy.ndarray:
        ops = self.model.ops
        flat = ops.flatten(list(scores))
        return ops.to_numpy(softmax(flat / self.temperature))

    def _of_own_tags(self, doc: Doc, probabilities: numpy.ndarray) -> List[Optional[float]]:
        """Leave out tags that are there already, and stay."""
        found: List[Optional[float]] = probabilities.tolist()
        if self.overwrite:
            return found
        return [None if text else own for text, own in zip(self.texts_of(doc), found)]

    def texts_of(self, doc: Doc) -> List[str]:
        """RETURNS (List[str]): The tags of a document; "" where there is none."""
        raise NotImplementedError

    def _best_tags(self, probabilities: numpy.ndarray) -> List[List[List[object]]]:
        n = min(self.n_best, len(self.labels))
        order = numpy.argsort(-probabilities, axis=1, kind="stable")[:, :n]
        values = numpy.take_along_axis(probabilities, order, axis=1).tolist()
        labels = self.labels
        return [
            [[labels[i], value] for i, value in zip(own_order, own)]
            for own_order, own in zip(order.tolist(), values)
        ]

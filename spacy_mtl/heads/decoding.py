"""From the scores of an entity head to entities: the best sequence, how sure it is, thresholds."""

import math
from typing import Iterable, List, Optional, Sequence, Tuple

import numpy
from spacy.tokens import Doc
from thinc.types import Floats2d

from ..arrays import cut
from .adjustable import Adjustable, misfit_of_count, misfit_of_flag
from .biluo import OUTSIDE, forbid_edges_on_spaces, segments_of, spans_of
from .component import TaskHead
from .confidence import (
    Found,
    n_best_name,
    register_n_best_entities,
    register_span_confidence,
    set_n_best,
    set_span_confidences,
)
from .crf import decode_crf, legal_transitions
from .entities import set_entities, set_spans
from .marginals import Marginals
from .n_best import best_sequences
from .thresholds import misfit_of, threshold_of
from .viterbi import decode_biluo


class EntityDecoder(TaskHead):
    """An entity head that finds the best legal sequences, and how probable their entities are."""

    learns_transitions: bool

    #: Drop entities whose probability is lower: a number in [0, 1], or such numbers by label.
    threshold = Adjustable(misfit_of)
    #: Whether to set `span._.confidence`. It is also set with a threshold.
    confidence = Adjustable(misfit_of_flag)
    #: How many analyses of a text to set as `doc._.NAME_n_best`.
    n_best = Adjustable(misfit_of_count)

    def settings_changed(self) -> None:
        """Register the extensions that are needed."""
        if self._wants_confidence:
            register_span_confidence()
        if self.n_best:
            register_n_best_entities(n_best_name(self.name))

    @property
    def _wants_confidence(self) -> bool:
        return bool(self.confidence) or self.threshold is not None

    def set_annotations(self, docs: Iterable[Doc], scores: Sequence[Floats2d]) -> None:
        """Set `doc.ents`, or the spans, to the best legal sequences.

        docs (Iterable[Doc]): The documents.
        scores (List[Floats2d]): The logits from `predict`. Shape: (n_tokens, n_classes).
        """
        docs = list(docs)
        labels = list(self.labels)
        classes = self.decode(docs, scores)
        # A worker process may not have the extensions.
        self.settings_changed()
        found: List[List[Found]] = []
        if self._wants_confidence:
            found = self._found(docs, scores, classes)
            self._drop_unsure(found, classes)
        if self.spans_key is None:
            added = set_entities(docs, classes, labels)
        else:
            added = [None] * len(docs)
            for doc, own in zip(docs, classes):
                set_spans(doc, spans_of(own, labels), self.spans_key)
        for doc, entities, kept in zip(docs, found, added):
            set_span_confidences(
                doc, (each for each in entities if kept is None or each[:3] in kept)
            )
            if self.spans_key is not None:
                values = [probability for *_, probability in entities]
                doc.spans[self.spans_key].attrs["scores"] = numpy.asarray(values, dtype="float32")
        if self.n_best:
            self._set_n_best(docs, scores)

    def decode(self, docs: Sequence[Doc], scores: Sequence[Floats2d]) -> List[numpy.ndarray]:
        """Find the best legal BILUO sequences.

        docs (Sequence[Doc]): The documents.
        scores (List[Floats2d]): The logits. Shape: (n_tokens, n_classes).
        RETURNS (List[Ints1d]): The classes of the tokens of each document, as
            indices into `classes()`. Shape of each: (n_tokens,).
        """
        lengths = [len(doc) for doc in docs]
        if not any(lengths):
            return [numpy.zeros(0, dtype="int64") for _ in docs]
        flat = self._legal_scores(docs, scores)
        if self.learns_transitions:
            classes = decode_crf(flat, lengths, self.transitions())
        else:
            classes = decode_biluo(flat, lengths)
        return cut(classes, lengths)

    def confidences(
        self, docs: Iterable[Doc], scores: Optional[Sequence[Floats2d]] = None
    ) -> List[List[Found]]:
        """Compute how probable the entities are that the head finds, before any threshold.

        docs (Iterable[Doc]): Documents whose encoder has run. They aren't changed.
        scores (Optional[List[Floats2d]]): The logits from `predict`, if they are known.
        RETURNS (List[List[Tuple[int, int, str, float]]]): For each document start token, end token
            (exclusive), label and probability of each entity.
        """
        docs = list(docs)
        scores = self.predict(docs) if scores is None else scores
        return self._found(docs, scores, self.decode(docs, scores))

    def transitions(self) -> numpy.ndarray:
        """Get the transition scores of a CRF.

        RETURNS (Floats2d): -inf where a transition is illegal: see `legal_transitions`.
            Shape: (n_classes + 1, n_classes + 1).
        """
        learned = self.model.ops.to_numpy(self.model.get_ref("transitions").get_param("T"))
        return numpy.where(legal_transitions(len(self.labels)), learned, -numpy.inf)

    def _legal_scores(self, docs: Sequence[Doc], scores: Sequence[Floats2d]) -> numpy.ndarray:
        flat = self.model.ops.to_numpy(self.model.ops.flatten(list(scores))).copy()
        forbid_edges_on_spaces(flat, docs)
        return flat

    def _calibrated(
        self, docs: Sequence[Doc], scores: Sequence[Floats2d]
    ) -> Tuple[numpy.ndarray, Optional[numpy.ndarray]]:
        """Get scores and transitions at the head's temperature."""
        flat = self._legal_scores(docs, scores) / self.temperature
        if not self.learns_transitions:
            return flat, None
        return flat, self.transitions() / self.temperature

    def _drop_unsure(self, found: Sequence[List[Found]], classes: Sequence[numpy.ndarray]) -> None:
        """Remove what is below the threshold from both, in place."""
        if self.threshold is None:
            return
        for entities, own in zip(found, classes):
            sure = [each for each in entities if each[3] >= threshold_of(self.threshold, each[2])]
            for start, end, _, _ in set(entities).difference(sure):
                own[start:end] = OUTSIDE
            entities[:] = sure

    def _set_n_best(self, docs: Sequence[Doc], scores: Sequence[Floats2d]) -> None:
        lengths, name, labels = [len(doc) for doc in docs], n_best_name(self.name), self.labels
        if not any(lengths):
            return
        flat, transitions = self._calibrated(docs, scores)
        best = best_sequences(flat, lengths, self.n_best, transitions)
        totals = Marginals(flat, lengths, transitions).log_partitions().tolist()
        for doc, own, total in zip(docs, best, totals):
            found = [
                (min(1.0, math.exp(score - total)), spans_of(classes, labels))
                for score, classes in own
            ]
            set_n_best(doc, name, found)

    def _found(
        self, docs: Sequence[Doc], scores: Sequence[Floats2d], classes: Sequence[numpy.ndarray]
    ) -> List[List[Found]]:
        """Compute the probabilities of the entities of legal sequences."""
        found: List[List[Found]] = [[] for _ in docs]
        chosen = [i for i, own in enumerate(classes) if own.any()]
        if not chosen:
            return found
        own_docs = [docs[i] for i in chosen]
        flat, transitions = self._calibrated(own_docs, [scores[i] for i in chosen])
        lengths = [len(doc) for doc in own_docs]
        starts, ends, types = segments_of(numpy.concatenate([classes[i] for i in chosen]))
        probabilities = Marginals(flat, lengths, transitions).of_segments(starts, ends, types)
        if self.calibration is not None:
            probabilities = self.calibration.of_entities(probabilities)
        until = numpy.cumsum(lengths)
        places = numpy.searchsorted(until, starts, "right")
        firsts = (until - lengths)[places]
        rows = zip(
            places.tolist(),
            (starts - firsts).tolist(),
            (ends - firsts).tolist(),
            types.tolist(),
            probabilities.tolist(),
        )
        labels = self.labels
        for place, start, end, kind, probability in rows:
            found[chosen[place]].append((start, end, labels[kind], probability))
        return found

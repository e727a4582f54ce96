"""Count by document what a pipeline gets right, so that each task's score is spaCy's."""

import hashlib
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Optional, Sequence

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..tasks.stock import task_of
from .measure import Counts
from .measures import main_weights_of, measures_of, own_examples

#: The largest difference from spaCy's score, which sums in another order.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class TaskCounts:
    """The counts of a task. Its score is a mean: a parser, for example, has several.

    annotated (Bools1d): Which documents are annotated for it. Shape: (n_documents,).
    parts (Dict[str, Counts]): Counts by score key, such as "topic_cats_score".
    weights (Dict[str, float]): What each score counts.
    """

    annotated: Any
    parts: Dict[str, Counts]
    weights: Dict[str, float]

    def scores(
        self, weights: Optional[numpy.ndarray] = None, *, resampled: bool = False
    ) -> numpy.ndarray:
        """Compute the task's score, as `scores_by_task` does.

        weights (Optional[Floats2d]): How often each document counts; by default, each counts once.
            Shape: (n_samples, n_documents).
        resampled (bool): Whether a label that only some samples lack is left out of their means.
        RETURNS (Floats1d): The scores in [0, 1], NaN where nothing counts. Shape: (n_samples,).
        """
        if weights is None:
            weights = numpy.ones((1, len(self.annotated)))
        values = numpy.stack(
            [part.scores(weights, resampled=resampled) for part in self.parts.values()]
        )
        shares = numpy.asarray([[self.weights[key]] for key in self.parts])
        shares = shares * numpy.isfinite(values)
        with numpy.errstate(invalid="ignore"):
            scores = (numpy.nan_to_num(values) * shares).sum(axis=0) / shares.sum(axis=0)
        return numpy.asarray(scores)


@dataclass(frozen=True)
class DocumentCounts:
    """The counts of a pipeline on a corpus.

    documents (UInts1d): Checksums of the texts, in their order. Shape: (n_documents,).
    tasks (Dict[str, TaskCounts]): By component.
    uncounted (Dict[str, float]): The scores of components that have a scorer of their own.
    """

    documents: Any
    tasks: Dict[str, TaskCounts]
    uncounted: Dict[str, float]


def count_documents(nlp: Language, examples: Sequence[Example]) -> DocumentCounts:
    """Count what a pipeline gets right.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): Documents that it has annotated, with gold documents.
    RETURNS (DocumentCounts): The counts of all components that have a score.
    """
    tasks: Dict[str, TaskCounts] = {}
    uncounted: Dict[str, float] = {}
    for name in nlp.pipe_names:
        has_gold = task_of(nlp, name).has_gold
        annotated = numpy.asarray([has_gold(eg.reference) for eg in examples], dtype=bool)
        measures = measures_of(nlp, name)
        known = [eg for eg, is_annotated in zip(examples, annotated) if is_annotated]
        score = _score(nlp, name, known) if measures and known else None
        if score is None:
            continue
        own = own_examples(nlp, name, examples)
        parts = {key: each.count(own) for key, each in measures.items() if each is not None}
        found = TaskCounts(annotated, parts, main_weights_of(nlp, name))
        is_complete = len(parts) == len(measures)
        if is_complete and abs(found.scores(annotated[None] * 1.0)[0] - score) <= _ROUNDING:
            tasks[name] = found
        else:
            uncounted[name] = score
    return DocumentCounts(checksums(eg.reference for eg in examples), tasks, uncounted)


def checksums(docs: Iterable[Doc]) -> numpy.ndarray:
    """RETURNS (UInts1d): A number for each text that is the same on every machine."""
    sums = [hashlib.blake2b(doc.text.encode("utf8"), digest_size=8).digest() for doc in docs]
    return numpy.frombuffer(b"".join(sums), dtype="<u8")


def _score(nlp: Language, name: str, examples: List[Example]) -> Optional[float]:
    """Let the component score itself: it may have a scorer of its own."""
    pipe: Any = nlp.get_pipe(name)
    scores = pipe.score(examples) if hasattr(pipe, "score") else {}
    weights = {k: w for k, w in main_weights_of(nlp, name).items() if scores.get(k) is not None}
    total = sum(weights.values())
    return sum(float(scores[key]) * w for key, w in weights.items()) / total if total else None

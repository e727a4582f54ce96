"""Count by document what a pipeline gets right, so that each task's score is spaCy's."""

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Union

import numpy
from spacy.language import Language
from spacy.pipeline import SpanFinder
from spacy.tokens import Doc
from spacy.training import Example

from ..heads.component import TaskHead
from ..tasks.scores import score_weights_of
from ..tasks.stock import task_of
from ..tasks.task import Task
from .categories import count_exclusive, rank_independent
from .label_counts import LabelCounts
from .ranking import Ranking
from .spans import count_entities, count_spans
from .tokens import count_dependencies, count_tokens, value_of

Counts = Union[LabelCounts, Ranking]
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

    def scores(self, weights: Optional[numpy.ndarray] = None) -> numpy.ndarray:
        """Compute the task's score, as `scores_by_task` does.

        weights (Optional[Floats2d]): How often each document counts; by default, each counts once.
            Shape: (n_samples, n_documents).
        RETURNS (Floats1d): The scores in [0, 1], NaN where nothing counts. Shape: (n_samples,).
        """
        if weights is None:
            weights = numpy.ones((1, len(self.annotated)))
        values = numpy.stack([part.scores(weights) for part in self.parts.values()])
        shares = numpy.asarray([[self.weights[key]] for key in self.parts])
        shares = shares * numpy.isfinite(values)
        total = shares.sum(axis=0)
        with numpy.errstate(invalid="ignore"):
            scores: numpy.ndarray = (numpy.nan_to_num(values) * shares).sum(axis=0) / total
        return scores


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
        task = task_of(nlp, name)
        annotated = numpy.asarray([task.has_gold(eg.reference) for eg in examples], dtype=bool)
        own = own_examples(nlp, name, examples)
        parts = {}
        weights = {key: w for key, w in _weights_of(nlp, name).items() if w}
        for key in weights:
            count = _counter(nlp, name, key.removeprefix(f"{task.score_prefix}_"))
            if count is not None:
                parts[key] = count(own)
        if not weights or not annotated.any():
            continue
        found = TaskCounts(annotated, parts, {key: weights[key] for key in parts})
        score = _score(nlp, name, [eg for eg, is_known in zip(examples, annotated) if is_known])
        if score is None:
            continue
        same = parts.keys() == weights.keys()
        if same and abs(found.scores(annotated[None] * 1.0)[0] - score) <= _ROUNDING:
            tasks[name] = found
        else:
            uncounted[name] = score
    return DocumentCounts(checksums(eg.reference for eg in examples), tasks, uncounted)


def own_examples(nlp: Language, name: str, examples: Sequence[Example]) -> List[Example]:
    """Get what a component is scored on.

    nlp (Language): The pipeline.
    name (str): The component.
    examples (Sequence[Example]): Documents that it has annotated, with gold documents.
    RETURNS (List[Example]): The same texts, with this component's annotation.
    """
    pipe = nlp.get_pipe(name)
    return pipe.scored_examples(examples) if isinstance(pipe, TaskHead) else list(examples)


def checksums(docs: Any) -> Any:
    """RETURNS (UInts1d): A number for each text that is the same on every machine."""
    sums = [hashlib.blake2b(doc.text.encode("utf8"), digest_size=8).digest() for doc in docs]
    return numpy.frombuffer(b"".join(sums), dtype="<u8")


def setting(pipe: Any, name: str, default: Any = None) -> Any:
    """RETURNS (Any): A setting of a component that its scorer gets, too."""
    return (getattr(pipe, "cfg", None) or {}).get(name, default)


def is_exclusive(pipe: Any) -> bool:
    """RETURNS (bool): Whether the categories of a component are exclusive."""
    multi_label = getattr(pipe, "multi_label", None)
    if multi_label is None:
        # spaCy's components.
        multi_label = getattr(pipe, "support_missing_values", False)
    return not multi_label


def _weights_of(nlp: Language, name: str) -> Dict[str, Optional[float]]:
    weights = score_weights_of(nlp, name)
    key = task_of(nlp, name).spans_key
    if key is None:
        return weights
    # spaCy's factories name the default key.
    return {each.replace("spans_sc_", f"spans_{key}_", 1): w for each, w in weights.items()}


def _score(nlp: Language, name: str, examples: List[Example]) -> Optional[float]:
    pipe: Any = nlp.get_pipe(name)
    scores = pipe.score(examples) if hasattr(pipe, "score") else {}
    weights = {k: w for k, w in _weights_of(nlp, name).items() if w and scores.get(k) is not None}
    total = sum(weights.values())
    return sum(float(scores[key]) * w for key, w in weights.items()) / total if total else None


def _counter(nlp: Language, name: str, key: str) -> Optional[Callable[[List[Example]], Counts]]:
    """Find the function that counts for a score, by its key without a prefix."""
    pipe: Any = nlp.get_pipe(name)
    task = task_of(nlp, name)
    if key == "cats_score" and is_exclusive(pipe):
        return partial(
            count_exclusive,
            labels=task.labels,
            positive=setting(pipe, "positive_label"),
            skip_unknown=isinstance(task, TaskHead),
        )
    if key == "cats_score":
        return partial(rank_independent, labels=task.labels)
    if key in ("dep_las", "dep_uas"):
        return partial(count_dependencies, labeled=key == "dep_las")
    if key.endswith("_acc"):
        extension = getattr(pipe, "extension", None)
        attribute = key.removesuffix("_acc")
        return partial(count_tokens, value=value_of(f"_.{extension}" if extension else attribute))
    return _span_counter(pipe, task, key)


def _span_counter(pipe: Any, task: Task, key: str) -> Optional[Callable[[List[Example]], Counts]]:
    if key == "ents_f" and isinstance(task, TaskHead) and task.score_prefix:
        own = set(task.labels)
        return partial(
            count_spans,
            get=lambda doc: [ent for ent in doc.ents if ent.label_ in own],
            is_annotated=_has("ENT_IOB"),
        )
    if key == "ents_f":
        return count_entities
    if key == "sents_f":
        return partial(count_spans, get=lambda doc: doc.sents, is_annotated=_has("SENT_START"))
    if key == f"spans_{task.spans_key}_f":
        return partial(
            count_spans,
            get=lambda doc: doc.spans.get(task.spans_key, []),
            is_annotated=lambda doc: task.spans_key in doc.spans,
            allow_overlap=not isinstance(task, TaskHead),
            labeled=not isinstance(pipe, SpanFinder),
        )
    return None


def _has(attribute: str) -> Callable[[Doc], bool]:
    return lambda doc: bool(doc.has_annotation(attribute))

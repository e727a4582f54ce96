"""All that is known about a pipeline on a corpus: scores with intervals, labels and errors."""

from dataclasses import dataclass, field
from typing import Callable, Dict, Iterable, List, Optional, Sequence

import numpy
from spacy.language import Language
from spacy.training import Example

from .bootstrap import N_SAMPLES, Interval, percentiles, resample
from .calibration import CalibrationResult, find_calibrations
from .confusion import Confusion, make_confusion
from .counts import DocumentCounts, count_documents
from .label_counts import LabelCounts, f_scores, precisions, recalls
from .measure import Measure
from .measures import measures_of, own_examples
from .span_errors import SpanErrors, find_span_errors
from .spans import Spans


@dataclass(frozen=True)
class LabelResult:
    """How well a label is predicted. Shares are None if there is nothing to divide by.

    label (str): The label; "" if labels don't count.
    right (int): Right predictions.
    made_up (int): Predictions that are wrong.
    missed (int): Annotation that was not predicted.
    precision (Optional[float]): The share of predictions that are right.
    recall (Optional[float]): The share of the annotation that was predicted.
    f_score (Optional[float]): The harmonic mean of both.
    interval (Optional[Interval]): The interval of the F-score.
    """

    label: str
    right: int
    made_up: int
    missed: int
    precision: Optional[float]
    recall: Optional[float]
    f_score: Optional[float]
    interval: Optional[Interval]


@dataclass(frozen=True)
class ScoreResult:
    """A score of a task.

    key (str): spaCy's key, such as "ents_f".
    score (float): The score in [0, 1].
    interval (Optional[Interval]): Its interval.
    labels (List[LabelResult]): Its labels.
    confusion (Optional[Confusion]): What was predicted for what, if units have one label each.
    errors (Optional[SpanErrors]): Errors of entities, for tasks that find some.
    """

    key: str
    score: float
    interval: Optional[Interval]
    labels: List[LabelResult]
    confusion: Optional[Confusion]
    errors: Optional[SpanErrors]


@dataclass(frozen=True)
class TaskResult:
    """A task.

    n_documents (int): The number of documents that are annotated for it.
    score (float): The mean of its scores by their weights, in [0, 1].
    interval (Optional[Interval]): Its interval.
    scores (List[ScoreResult]): The scores.
    """

    n_documents: int
    score: float
    interval: Optional[Interval]
    scores: List[ScoreResult]


@dataclass(frozen=True)
class Evaluation:
    """A pipeline on a corpus.

    n_documents (int): The number of documents.
    n_tokens (int): The number of tokens.
    tasks (Dict[str, TaskResult]): By component.
    uncounted (Dict[str, float]): Scores of components with a scorer of their own.
    unannotated (List[str]): Components that can be scored, but not on this corpus.
    counts (DocumentCounts): What the scores are computed from.
    calibration (Dict[str, CalibrationResult]): Whether confidences hold what they say, by
        component; empty if it wasn't asked for.
    """

    n_documents: int
    n_tokens: int
    tasks: Dict[str, TaskResult]
    uncounted: Dict[str, float]
    unannotated: List[str]
    counts: DocumentCounts
    calibration: Dict[str, CalibrationResult] = field(default_factory=dict)


def annotate(
    nlp: Language,
    examples: Sequence[Example],
    progress: Callable[[Iterable[Example]], Iterable[Example]] = lambda examples: examples,
) -> List[Example]:
    """Let a pipeline annotate texts, as `nlp.evaluate` does.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): The gold documents.
    progress (Callable[[Iterable], Iterable]): Shows how far it is.
    RETURNS (List[Example]): The same texts, annotated.
    """
    docs = nlp.pipe(eg.predicted for eg in examples)
    return [Example(doc, eg.reference) for eg, doc in zip(progress(examples), docs)]


def evaluate(
    nlp: Language,
    examples: Sequence[Example],
    *,
    n_samples: int = N_SAMPLES,
    seed: int = 0,
    n_errors: int = 5,
    with_calibration: bool = False,
) -> Evaluation:
    """Evaluate a pipeline.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): Documents that it has annotated, with gold documents.
    n_samples (int): How often documents are drawn anew for the intervals.
    seed (int): The seed of these draws.
    n_errors (int): How many errors of each kind to list.
    with_calibration (bool): Whether to compare confidences with the annotation. The documents must
        come from `annotate`, with what the encoder has left in them.
    RETURNS (Evaluation): The scores, labels and errors of each task.
    """
    counts = count_documents(nlp, examples)
    tasks = {}
    for name, task in counts.tasks.items():
        # The same draws for each task, so that a task's intervals don't depend on the others.
        weights = resample(numpy.random.default_rng(seed), n_samples, task.annotated)
        once = task.annotated[None] * 1.0
        own = own_examples(nlp, name, examples)
        scores = []
        for key, measure in measures_of(nlp, name).items():
            assert measure is not None
            part = task.parts[key]
            score = float(part.scores(once)[0])
            if numpy.isnan(score):
                # Not annotated, such as morphology beside parts of speech.
                continue
            interval = percentiles(part.scores(weights, resampled=True))
            scores.append(_explained(key, score, interval, measure, own, once, weights, n_errors))
        interval = percentiles(task.scores(weights, resampled=True))
        n_documents = int(task.annotated.sum())
        tasks[name] = TaskResult(n_documents, float(task.scores(once)[0]), interval, scores)
    scored = {name for name in nlp.pipe_names if measures_of(nlp, name)}
    return Evaluation(
        n_documents=len(examples),
        n_tokens=sum(len(eg.predicted) for eg in examples),
        tasks=tasks,
        uncounted=counts.uncounted,
        unannotated=sorted(scored - tasks.keys() - counts.uncounted.keys()),
        counts=counts,
        calibration=find_calibrations(nlp, examples) if with_calibration else {},
    )


def _explained(
    key: str,
    score: float,
    interval: Optional[Interval],
    measure: Measure,
    examples: List[Example],
    once: numpy.ndarray,
    weights: numpy.ndarray,
    n_errors: int,
) -> ScoreResult:
    confusions = measure.confusions(examples)
    errors = None
    if isinstance(measure, Spans) and measure.labeled and not measure.allow_overlap:
        errors = find_span_errors(examples, measure, n_errors)
    return ScoreResult(
        key=key,
        score=score,
        interval=interval,
        labels=_label_results(measure.count_labels(examples), once, weights),
        confusion=make_confusion(confusions) if confusions else None,
        errors=errors,
    )


def _label_results(
    counts: LabelCounts, once: numpy.ndarray, weights: numpy.ndarray
) -> List[LabelResult]:
    results = []
    for i, label in enumerate(counts.labels):
        sums = counts.sums_of(i, once)
        right, made_up, missed = sums[0].astype(int).tolist()
        results.append(
            LabelResult(
                label,
                *(right, made_up, missed),
                precision=_known(precisions(sums)[0]),
                recall=_known(recalls(sums)[0]),
                f_score=_known(f_scores(sums)[0]),
                interval=percentiles(f_scores(counts.sums_of(i, weights))),
            )
        )
    return results


def _known(share: float) -> Optional[float]:
    return None if numpy.isnan(share) else float(share)

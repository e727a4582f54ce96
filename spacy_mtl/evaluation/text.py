"""An evaluation as text for a terminal."""

from typing import Any, Iterator, List, Optional, Sequence

import wasabi

from .bootstrap import Interval
from .evaluation import Evaluation, LabelResult, ScoreResult
from .span_errors import Mention, SpanError

#: How many labels and confusions are shown of each task.
_MOST_LABELS, _MOST_CONFUSIONS = 20, 10


#: The shares of predictions whose precision is shown.
_COVERAGES = (1.0, 0.9, 0.7, 0.5)


def evaluation_text(evaluation: Evaluation) -> str:
    """Format an evaluation.

    evaluation (Evaluation): The evaluation.
    RETURNS (str): The scores of all tasks, then the labels, confusions and errors of each.
    """
    parts = [_scores(evaluation)]
    for name, task in evaluation.tasks.items():
        for score in task.scores:
            parts += [f"\n{name}: {score.key}", *_explained(score)]
    if evaluation.calibration:
        rows = calibration_rows(evaluation)
        parts.append(f"\nConfidences, in percent\n{_table(rows, CALIBRATION_HEADER)}")
    return "\n".join(parts)


def percent(share: Optional[float]) -> str:
    """RETURNS (str): A share in percent, such as "97.35"; "-" for None."""
    return "-" if share is None else f"{100 * share:.2f}"


def interval_text(interval: Optional[Interval]) -> str:
    """RETURNS (str): An interval in percent, such as "96.1 to 98.4"; "-" for None."""
    return "-" if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


def plain(text: str) -> str:
    """RETURNS (str): Text of a corpus in one line, without characters that control terminals."""
    return "".join(c if c.isprintable() else " " for c in text)


def score_rows(evaluation: Evaluation) -> List[Sequence[str]]:
    """RETURNS (List[Sequence[str]]): The cells of `SCORE_HEADER`: each score, and their means."""
    rows: List[Sequence[str]] = []
    for name, task in evaluation.tasks.items():
        n = f"{task.n_documents:,}"
        if len(task.scores) > 1:
            rows.append((name, "mean", n, percent(task.score), interval_text(task.interval)))
        for each in task.scores:
            rows.append((name, each.key, n, percent(each.score), interval_text(each.interval)))
    rows += [
        (name, "(own scorer)", "", percent(s), "-") for name, s in evaluation.uncounted.items()
    ]
    return rows


def calibration_rows(evaluation: Evaluation) -> List[Sequence[str]]:
    """RETURNS (List[Sequence[str]]): The cells of `CALIBRATION_HEADER`, one row per component."""
    return [
        (
            name,
            f"{found.n:,}",
            percent(found.error),
            percent(found.by_chance),
            *(percent(each.precision) for each in found.coverage if each.coverage in _COVERAGES),
        )
        for name, found in evaluation.calibration.items()
    ]


def label_rows(labels: Sequence[LabelResult]) -> List[Sequence[str]]:
    """RETURNS (List[Sequence[str]]): The cells of `LABEL_HEADER`, most frequent labels first."""
    ordered = sorted(labels, key=lambda each: -(each.right + each.missed))
    return [
        (
            plain(each.label) or "(all)",
            f"{each.right + each.missed:,}",
            f"{each.right:,}",
            f"{each.missed:,}",
            f"{each.made_up:,}",
            percent(each.precision),
            percent(each.recall),
            percent(each.f_score),
            interval_text(each.interval),
        )
        for each in ordered
    ]


SCORE_HEADER = ("task", "score", "documents", "%", "95 % interval")
CALIBRATION_HEADER = (
    "task",
    "predictions",
    "calibration error",
    "by chance",
    *(f"P at {100 * coverage:.0f} %" for coverage in _COVERAGES),
)
LABEL_HEADER = ("label", "gold", "right", "missed", "made up", "P", "R", "F", "95 % interval")


def _scores(evaluation: Evaluation) -> str:
    text = _table(score_rows(evaluation), SCORE_HEADER, n_left=2)
    if evaluation.unannotated:
        text += f"\nNot annotated in this corpus: {', '.join(evaluation.unannotated)}"
    return text


def _explained(score: ScoreResult) -> Iterator[str]:
    rows = label_rows(score.labels)
    yield _table(rows[:_MOST_LABELS], LABEL_HEADER)
    if len(rows) > _MOST_LABELS:
        yield f"and {len(rows) - _MOST_LABELS:,} more labels: see --json or --output"
    if score.confusion is not None:
        pairs = score.confusion.most_frequent(_MOST_CONFUSIONS)
        confused = [
            (plain(each.gold), plain(each.predicted), f"{each.n:,}", percent(each.share))
            for each in pairs
        ]
        if confused:
            header = ("annotated", "predicted", "times", "% of annotated")
            yield f"Most frequent confusions\n{_table(confused, header, n_left=2)}"
    if score.errors is not None:
        kinds = [(kind, f"{n:,}") for kind, n in score.errors.counts.items()]
        yield f"Errors by kind\n{_table(kinds, ('kind', 'number'))}"
        yield from map(_error, score.errors.listed)


def _error(error: SpanError) -> str:
    found = _mention(error.predicted)
    shown = plain(f"{error.before}[{error.text}]{error.after}")
    return f"  {error.kind}: {_mention(error.gold)} / {found} in: {shown}"


def _mention(mention: Optional[Mention]) -> str:
    return "-" if mention is None else plain(f"{mention.text} ({mention.label})")


def _table(rows: Sequence[Sequence[str]], header: Sequence[str], n_left: int = 1) -> str:
    aligns: Any = ["l"] * n_left + ["r"] * (len(header) - n_left)
    # Labels are shown in full.
    text: str = wasabi.table(rows, header=header, divider=True, aligns=aligns, max_col=1000)
    return text.strip("\n")

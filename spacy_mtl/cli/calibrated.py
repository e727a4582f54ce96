"""What `spacy mtl calibrate` has done, as text, JSON and diagrams."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Tuple

from spacy.language import Language
from wasabi import msg

from ..calibration.points import Point
from ..calibration.thresholds import MIN_EVENTS, Thresholds
from ..deploy.calibrate import Calibrated
from ..report.reliability import Diagrams, draw_reliability

_MEASURES = (("n", "n"), ("nll", "NLL"), ("ece", "ECE"), ("brier", "Brier"))


def as_json(found: Calibrated, output: Path) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The result of the command, for machines."""
    heads = {}
    for name, head in found.heads.items():
        before, after = map(asdict, head.measures())
        chosen = None if head.thresholds is None else asdict(head.thresholds)
        heads[name] = {
            "before": before,
            "after": after,
            **asdict(head.scaling),
            "thresholds": chosen,
        }
    return {"output": str(output), "heads": heads, "left_out": found.left_out}


def drawn(found: Calibrated) -> str:
    """RETURNS (str): Reliability diagrams of the heads, in SVG."""
    rows = [
        Diagrams(name, {"before": head.before, "after": head.after})
        for name, head in found.heads.items()
    ]
    return draw_reliability(rows, "Reliability diagrams before and after calibration")


def as_text(nlp: Language, found: Calibrated, output: Path, diagram: Optional[Path]) -> None:
    """Print the result of the command, for people."""
    rows = []
    for name, head in found.heads.items():
        before, after = head.measures()
        pairs = [
            f"{getattr(each, key):.4f}" for key, _ in _MEASURES[1:] for each in (before, after)
        ]
        rows.append((name, f"{before.n:,}", *pairs, f"{head.scaling.temperature:.2f}"))
    titles = [f"{title}{after}" for _, title in _MEASURES[1:] for after in ("", " after")]
    header = ("head", "n", *titles, "temperature")
    msg.table(rows, header=header, aligns=("l", *"r" * (len(header) - 1)), divider=True)
    msg.text("n: predictions. After: each one calibrated by a fit on other texts.")
    points = [
        (name, label, f"{at.threshold:.3f}", f"{at.n_kept:,}", *_scores(at))
        for name, head in found.heads.items()
        if head.thresholds is not None
        for label, at in _points(head.thresholds)
    ]
    if points:
        header = ("head", "label", "threshold", "kept", "precision", "expected", "recall", "F1")
        msg.table(points, header=header, aligns=("l", "l", *"r" * 6), divider=True)
        msg.text(
            "Expected: the mean confidence of what is kept, the precision to expect elsewhere."
        )
    for note in _notes(nlp, found):
        msg.info(note)
    for name, why in found.left_out.items():
        msg.warn(f"'{name}' stays as it is: {why}")
    if diagram is not None:
        msg.good(f"Saved the diagrams: {diagram}")
    msg.good(f"Saved the calibrated pipeline: {output}")


def _points(thresholds: Thresholds) -> Iterator[Tuple[str, Point]]:
    yield "(all)", thresholds.common
    yield from thresholds.by_label.items()


def _scores(point: Point) -> Iterator[str]:
    values = (point.precision, point.expected_precision, point.recall, point.f1)
    return (f"{value:.3f}" for value in values)


def _notes(nlp: Language, found: Calibrated) -> Iterator[str]:
    for name, head in found.heads.items():
        pipe: Any = nlp.get_pipe(name)
        chosen = head.thresholds
        if chosen is not None and chosen.too_few:
            yield (
                f"'{name}': the threshold of (all) is also that of {', '.join(chosen.too_few)}, "
                f"with fewer than {MIN_EVENTS} predictions each"
            )
        if chosen is not None and chosen.short:
            yield (
                f"'{name}': {', '.join(chosen.short)} can't reach what is wanted; the threshold "
                "is the one that comes closest"
            )
        if head.is_outdated:
            yield (
                f"'{name}' keeps its threshold, which was chosen for other confidences: choose "
                "another with --precision, --recall or --best-f1"
            )
        if getattr(pipe, "confidence", None) is False and chosen is None:
            yield (
                f"'{name}' doesn't set confidences: set confidence = true in [components.{name}], "
                f"or nlp.get_pipe('{name}').confidence = True"
            )

"""Calibrating the heads of a trained pipeline, and choosing their thresholds."""

from dataclasses import asdict, dataclass, field
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence

from spacy.language import Language
from spacy.training import Example

from ..calibration.events import Events
from ..calibration.fit import Scaling, TooLittleError, fit
from ..calibration.goals import Goal
from ..calibration.metrics import Measures, measure
from ..calibration.thresholds import Thresholds, UnreachableError, choose_thresholds
from ..heads.calibration import Calibration
from ..heads.categories import CategoriesHead
from ..heads.component import TaskHead
from ..heads.decoding import EntityDecoder
from .head_events import events_of

Shown = Callable[[List[Example]], Iterable[Example]]


class CalibrationError(ValueError):
    """A pipeline that can't be calibrated on a corpus."""


@dataclass(frozen=True)
class CalibratedHead:
    """What calibration has done to a head.

    before (Events): Its predictions, with confidences without calibration.
    after (Events): The same, each calibrated by a fit on other texts.
    scaling (Scaling): The calibration that it has now.
    thresholds (Optional[Thresholds]): The thresholds that it has now, if some were chosen.
    is_outdated (bool): Whether its thresholds were chosen for confidences that it had before.
    """

    before: Events
    after: Events
    scaling: Scaling
    thresholds: Optional[Thresholds]
    is_outdated: bool

    def measures(self) -> List[Measures]:
        """RETURNS (List[Measures]): How good its confidences are before and after."""
        return [measure(each.confidences, each.correct) for each in (self.before, self.after)]


@dataclass(frozen=True)
class Calibrated:
    """What calibration has done to a pipeline.

    heads (Dict[str, CalibratedHead]): The heads by name.
    left_out (Dict[str, str]): Heads that stay as they are, and why.
    """

    heads: Dict[str, CalibratedHead] = field(default_factory=dict)
    left_out: Dict[str, str] = field(default_factory=dict)


def heads_of(nlp: Language) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The enabled heads of this package, by name."""
    return {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, TaskHead)}


def calibrate(
    nlp: Language,
    examples: List[Example],
    goal: Optional[Goal] = None,
    *,
    only: Sequence[str] = (),
    anew: bool = False,
    shown: Shown = iter,
) -> Calibrated:
    """Calibrate the heads of a pipeline, and choose thresholds for those that have some.

    Nothing is learned: a head gets at most three numbers, and its thresholds. Other components
    stay as they are.

    nlp (Language): The pipeline. Its heads are changed only if there is no error.
    examples (List[Example]): Annotated texts that it wasn't trained on.
    goal (Optional[Goal]): What thresholds are for. None: they stay as they are.
    only (Sequence[str]): The heads to calibrate. By default all.
    anew (bool): Whether heads that are calibrated already may lose that calibration.
    shown (Callable[[List[Example]], Iterable[Example]]): Wraps the examples to show progress.
    RETURNS (Calibrated): What was done.
    RAISES (CalibrationError): If no head can be calibrated, one already is, or no threshold
        reaches the goal.
    """
    heads = {name: head for name, head in heads_of(nlp).items() if not only or name in only}
    if not heads:
        raise CalibrationError(
            "The pipeline has no head to calibrate: none of its enabled components "
            f"({', '.join(nlp.pipe_names) or 'it has none'}) is of this package."
        )
    known = [name for name, head in heads.items() if head.calibration is not None]
    if known and not anew:
        raise CalibrationError(
            f"Calibrated already: {', '.join(known)}. To begin anew, as if it weren't, use --force."
        )
    examples = _annotated(nlp, examples, shown)
    found = Calibrated()
    for name, head in heads.items():
        # Some heads warn of annotation that they can't use, as when they are scored.
        own = [eg for eg in head.scored_examples(examples) if head.has_gold(eg.reference)]
        if not own:
            found.left_out[name] = f"the corpus has no annotation for it ({head.annotation})"
            continue
        try:
            found.heads[name] = _calibrate_head(head, own, goal)
        except TooLittleError as err:
            found.left_out[name] = f"the corpus is too small for it: {err}"
        except UnreachableError as err:
            raise CalibrationError(
                f"The head '{name}' can't reach what is wanted: {err}. Want less, or leave this "
                "head out with --heads."
            ) from err
    if not found.heads:
        reasons = "; ".join(f"'{name}': {why}" for name, why in found.left_out.items())
        raise CalibrationError(f"No head can be calibrated. {reasons}. Use another corpus.")
    for name, of_head in found.heads.items():
        _change(heads[name], of_head)
    return found


def _annotated(nlp: Language, examples: List[Example], shown: Shown) -> List[Example]:
    """RETURNS (List[Example]): New examples, annotated by the pipeline."""
    docs = nlp.pipe(eg.predicted.copy() for eg in shown(examples))
    return [Example(doc, eg.reference) for doc, eg in zip(docs, examples)]


def _calibrate_head(head: Any, examples: List[Example], goal: Optional[Goal]) -> CalibratedHead:
    """Find the calibration and thresholds of a head, without changing it."""
    said = events_of(head, examples)
    assert said is not None, "heads_of returns heads of this package only"
    is_of_entities = isinstance(head, EntityDecoder)
    fitted = fit(said.confidences_at, said.events, with_platt=is_of_entities)
    thresholds = None
    if goal is not None and isinstance(head, (EntityDecoder, CategoriesHead)):
        final = fitted.scaling.confidences(said.confidences_at)
        now = said.events.with_confidences(final)
        thresholds = choose_thresholds(now, goal, by_label=is_of_entities)
    after = said.events.with_confidences(fitted.held_out)
    is_outdated = thresholds is None and _depends(head) and fitted.scaling != Scaling()
    return CalibratedHead(said.events, after, fitted.scaling, thresholds, is_outdated)


def _depends(head: Any) -> bool:
    """Whether what passes the head's threshold may depend on its calibration."""
    threshold = getattr(head, "threshold", None)
    # A temperature moves no probability of a single class across 0.5.
    is_in_the_middle = getattr(head, "multi_label", False) and threshold == 0.5
    return bool(threshold) and not is_in_the_middle


def _change(head: Any, found: CalibratedHead) -> None:
    helps = found.scaling != Scaling()
    head.calibration = Calibration(**asdict(found.scaling)) if helps else None
    if found.thresholds is None:
        return
    common = found.thresholds.common.threshold
    if not isinstance(head, EntityDecoder):
        head.threshold = common
        return
    own = {label: point.threshold for label, point in found.thresholds.by_label.items()}
    head.threshold = {label: own.get(label, common) for label in head.labels}

"""Dynamic stop-and-go: draw corpora by the scores on the development set."""

from dataclasses import asdict, dataclass
from typing import Any, Dict

from ...registry import register
from ...types import Progress, Schedule
from .checks import check_between


@register("mtl_schedules", "spacy_mtl.ByScore.v1")
def create_by_score(
    patience: int = 2,
    tolerance: float = 0.001,
    fall: float = 0.005,
    idle: float = 0.25,
    boost: float = 10.0,
) -> Schedule:
    """Draw corpora by the scores on the development set (dynamic stop-and-go).

    A task whose score stops improving, or drops, while it is trained has converged (or
    overfits), and idles. If its score then falls below its best score since it became idle, it
    goes again. The further a task is behind its best score overall, the larger its share. A
    corpus goes if one of its tasks does.

    patience (int): Evaluations without improvement before a task idles, >= 1.
    tolerance (float): The gain that counts as an improvement, relative to the best score, in
        [0, 1].
    fall (float): The drop that wakes an idle task, relative to the best score, in [0, 1].
    idle (float): The share of an idle task, relative to one that goes, in [0, 1].
    boost (float): How much a task's share grows as it falls behind: 1 + boost times the
        difference relative to the best score. In [0, 1000].
    SOURCE: Lu et al. 2020, section 3.3 (dynamic stop-and-go), arXiv:1912.02315. They have no
        boost, and compare with the best score overall, which wakes a task that overfits.
    """
    check_between("ByScore", 1, 1_000_000, patience=patience)
    for name, value in (("tolerance", tolerance), ("fall", fall), ("idle", idle)):
        check_between("ByScore", 0, 1, **{name: value})
    check_between("ByScore", 0, 1000, boost=boost)
    return ByScore(patience, tolerance, fall, idle, boost)


class ByScore(Schedule):
    """Dynamic stop-and-go: see `create_by_score`."""

    needs_scores = True

    def __init__(
        self, patience: int, tolerance: float, fall: float, idle: float, boost: float
    ) -> None:
        self.patience, self.tolerance, self.fall = patience, tolerance, fall
        self.idle, self.boost = idle, boost
        self._courses: Dict[str, _Course] = {}

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Compute shares, smaller ones for idle tasks: see `Schedule`."""
        shares = {
            corpus: max(self._share(task) for task in tasks)
            for corpus, tasks in progress.tasks.items()
        }
        # With idle = 0 and all tasks idle, something must still be drawn.
        return shares if any(shares.values()) else dict.fromkeys(shares, 1.0)

    def observe_scores(self, scores: Dict[str, float]) -> None:
        """Decide which tasks go and which idle: see `Schedule`."""
        for task, score in scores.items():
            course = self._courses.get(task)
            if course is None:
                self._courses[task] = _Course(best=score, last=score)
                continue
            is_better = score > course.best + self.tolerance * abs(course.best)
            course.last = score
            if course.goes:
                course.n_waiting = 0 if is_better else course.n_waiting + 1
                course.goes = course.n_waiting < self.patience
                course.best_idle = score
            else:
                # Only drops since it became idle count: earlier ones came from overfitting.
                if score < course.best_idle - self.fall * abs(course.best):
                    course.goes, course.n_waiting = True, 0
                course.best_idle = max(course.best_idle, score)
            course.best = max(course.best, score)

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The progress of each task."""
        return {"courses": {task: asdict(course) for task, course in self._courses.items()}}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state returned by `get_state`."""
        self._courses = {task: _Course(**values) for task, values in state["courses"].items()}

    def _share(self, task: str) -> float:
        course = self._courses.get(task)
        if course is None:
            return 1.0
        if not course.goes:
            return self.idle
        fallen = (course.best - course.last) / abs(course.best) if course.best else 0.0
        return 1.0 + self.boost * fallen


@dataclass
class _Course:
    """A task's progress: best and last score, whether it goes, and its best score while idle."""

    best: float
    last: float
    n_waiting: int = 0
    goes: bool = True
    best_idle: float = 0.0

"""Schedules that follow how the tasks fare."""

from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Optional, Sequence

from ...registry import register
from ...settings import NOT_EMPTY
from ...types import Progress, Schedule
from .base import BLOCK, check_between, check_names


@register("mtl_schedules", "spacy_mtl.ByLoss.v1")
def create_by_loss(power: float = 1.0, decay: float = 0.98, least: float = 0.05) -> Schedule:
    """Create a schedule that gives more to corpora whose tasks have learned less.

    A corpus is drawn by its relative loss: what is left of the first loss of its tasks, the
    mean over them. One that has not been drawn yet has 1.

    power (float): To which the relative loss is raised, in [0, 10]. 0 is Uniform.
    decay (float): How much of the moving average of a loss is kept at each step of its
        task, in [0, 1).
    least (float): No share is below this times the largest, in [0, 1].
    SOURCE: the inverse training rate of Chen et al. 2018, section 3.1, arXiv:1711.02257, for
        shares instead of weights.
    """
    check_between("ByLoss", 0, 10, power=power)
    check_between("ByLoss", 0, 0.999999, decay=decay)
    check_between("ByLoss", 0, 1, least=least)
    return ByLoss(power, decay, least)


@register("mtl_schedules", "spacy_mtl.ByScore.v1")
def create_by_score(
    patience: int = 2,
    tolerance: float = 0.001,
    fall: float = 0.005,
    idle: float = 0.25,
    boost: float = 10.0,
) -> Schedule:
    """Create dynamic stop-and-go, by the scores on the development set.

    A task that stops getting better, or gets worse, while it is trained has converged (or
    overfits): its corpora idle. One that falls behind the best score that it had since it idles
    goes again. Of those that go, one gets the more, the further it is behind its best score of
    all. A corpus goes if one of its tasks does.

    patience (int): The evaluations without a better score after which a task idles, >= 1.
    tolerance (float): What is not better, relative to the best score, in [0, 1].
    fall (float): What is a fall, relative to the best score, in [0, 1].
    idle (float): The share of a task that idles, relative to one that goes, in [0, 1].
    boost (float): How much the share of a task grows with how far it is behind: 1 + boost
        times the difference relative to the best score. In [0, 1000].
    SOURCE: Lu et al. 2020, section 3.3 (dynamic stop-and-go), arXiv:1912.02315, who have no
        boost, and compare with the best score of all, which wakes a task that overfits.
    """
    check_between("ByScore", 1, 1_000_000, patience=patience)
    for name, value in (("tolerance", tolerance), ("fall", fall), ("idle", idle)):
        check_between("ByScore", 0, 1, **{name: value})
    check_between("ByScore", 0, 1000, boost=boost)
    return ByScore(patience, tolerance, fall, idle, boost)


@register("mtl_schedules", "spacy_mtl.Bandit.v1", target=NOT_EMPTY)
def create_bandit(target: str, forget: float = 0.1) -> Schedule:
    """Create a bandit that looks for the corpora which help one task.

    Thompson sampling with a Beta distribution a corpus.
    A corpus that was drawn goes on until the next evaluation; it has won if the score of the
    target is better than at the last.

    target (str): The task.
    forget (float): How much of what was learned about each corpus goes back to the prior at
        an evaluation, in [0, 1].
    SOURCE: Guo et al. 2019 (AutoSeM), section 4.2, arXiv:1904.04153.
    """
    check_between("Bandit", 0, 1, forget=forget)
    return Bandit(target, forget)


class ByLoss:
    """By what is left of the loss: see `create_by_loss`."""

    def __init__(self, power: float, decay: float, least: float) -> None:
        self.power, self.decay, self.least = power, decay, least
        self._first: Dict[str, float] = {}
        self._mean: Dict[str, float] = {}

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Weigh what is left: see `Schedule`."""
        shares = {}
        for corpus, tasks in progress.tasks.items():
            left = [self._mean[t] / self._first[t] if t in self._first else 1.0 for t in tasks]
            shares[corpus] = (sum(left) / len(left)) ** self.power
        least = self.least * max(shares.values())
        return {corpus: max(share, least) for corpus, share in shares.items()}

    def observe_losses(self, losses: Dict[str, float]) -> None:
        """Take note of the losses of a step: see `Schedule`."""
        for task, loss in losses.items():
            if loss > 0:
                self._first.setdefault(task, loss)
                before = self._mean.get(task, loss)
                self._mean[task] = self.decay * before + (1 - self.decay) * loss

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The first losses and the averages."""
        return {"first": dict(self._first), "mean": dict(self._mean)}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave."""
        self._first, self._mean = dict(state["first"]), dict(state["mean"])


@dataclass
class _Course:
    """How a task fares: its best and last score, whether it goes or idles, the best since."""

    best: float
    last: float
    n_waiting: int = 0
    goes: bool = True
    best_idle: float = 0.0


class ByScore:
    """Dynamic stop-and-go: see `create_by_score`."""

    def __init__(
        self, patience: int, tolerance: float, fall: float, idle: float, boost: float
    ) -> None:
        self.patience, self.tolerance, self.fall = patience, tolerance, fall
        self.idle, self.boost = idle, boost
        self._courses: Dict[str, _Course] = {}

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Give those that go their share, and less to others: see `Schedule`."""
        shares = {
            corpus: max(self._share(task) for task in tasks)
            for corpus, tasks in progress.tasks.items()
        }
        # With idle = 0 and all at rest, there is still a batch to give.
        return shares if any(shares.values()) else dict.fromkeys(shares, 1.0)

    def observe_scores(self, scores: Dict[str, float]) -> None:
        """Decide who goes and who idles: see `Schedule`."""
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
                # What it fell by before, it fell by while it was trained: it overfits.
                if score < course.best_idle - self.fall * abs(course.best):
                    course.goes, course.n_waiting = True, 0
                course.best_idle = max(course.best_idle, score)
            course.best = max(course.best, score)

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): How each task fares."""
        return {"courses": {task: asdict(course) for task, course in self._courses.items()}}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave."""
        self._courses = {task: _Course(**values) for task, values in state["courses"].items()}

    def _share(self, task: str) -> float:
        course = self._courses.get(task)
        if course is None:
            return 1.0
        if not course.goes:
            return self.idle
        fallen = (course.best - course.last) / abs(course.best) if course.best else 0.0
        return 1.0 + self.boost * fallen


class Bandit:
    """Thompson sampling: see `create_bandit`."""

    def __init__(self, target: str, forget: float) -> None:
        self.target = target
        self.forget = forget
        self._beliefs: Dict[str, List[float]] = {}
        self._arm: Optional[str] = None
        self._last: Optional[float] = None

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Name the corpus that is tried: see `Schedule`."""
        if self._arm is None:
            drawn = {c: progress.random.betavariate(*self._belief(c)) for c in progress.sizes}
            self._arm = max(drawn, key=drawn.__getitem__)
        return {self._arm: 1.0}

    def check(self, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]) -> None:
        """Refuse a target that no corpus annotates: see `Schedule`."""
        known = [task for found in tasks.values() for task in found]
        check_names("'target'", [self.target], known, "tasks that are annotated")

    def observe_scores(self, scores: Dict[str, float]) -> None:
        """Learn whether the corpus that was tried has won: see `Schedule`."""
        if self.target not in scores:
            raise ValueError(
                f"The schedule Bandit goes by the score of '{self.target}', but an evaluation gave "
                f"scores of {', '.join(scores) or 'no task'} only. Put texts that are annotated "
                f"for it into the development corpus, or mend 'target' in {BLOCK}."
            )
        score = scores[self.target]
        if self._last is not None and self._arm is not None:
            for corpus in {*self._beliefs, self._arm}:
                belief = self._belief(corpus)
                # Towards the prior, one win and one loss.
                self._beliefs[corpus] = [b + self.forget * (1.0 - b) for b in belief]
            self._beliefs[self._arm][0 if score > self._last else 1] += 1.0
        self._last, self._arm = score, None

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What it believes, and what it is trying."""
        beliefs = {corpus: list(belief) for corpus, belief in self._beliefs.items()}
        return {"beliefs": beliefs, "arm": self._arm, "last": self._last}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_state` gave."""
        self._beliefs = {corpus: list(belief) for corpus, belief in state["beliefs"].items()}
        self._arm, self._last = state["arm"], state["last"]

    def _belief(self, corpus: str) -> List[float]:
        return self._beliefs.get(corpus, [1.0, 1.0])

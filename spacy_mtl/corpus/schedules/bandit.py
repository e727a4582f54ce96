"""A bandit that looks for the corpora that help one task."""

from typing import Any, Dict, List, Optional, Sequence

from ...registry import register
from ...settings import NOT_EMPTY
from ...types import Progress, Schedule
from .checks import BLOCK, check_between, check_names


@register("mtl_schedules", "spacy_mtl.Bandit.v1", target=NOT_EMPTY)
def create_bandit(target: str, forget: float = 0.1) -> Schedule:
    """Draw the corpora that help one task, as found by a bandit.

    Thompson sampling with one Beta distribution per corpus. The drawn corpus is used until the
    next evaluation, and wins if the target's score is better than at the last one.

    target (str): The task.
    forget (float): How far the belief about each corpus decays towards the prior at each
        evaluation, in [0, 1].
    SOURCE: Guo et al. 2019 (AutoSeM), section 4.2, arXiv:1904.04153.
    """
    check_between("Bandit", 0, 1, forget=forget)
    return Bandit(target, forget)


class Bandit(Schedule):
    """Thompson sampling: see `create_bandit`."""

    needs_scores = True

    def __init__(self, target: str, forget: float) -> None:
        self.target = target
        self.forget = forget
        self._beliefs: Dict[str, List[float]] = {}
        self._arm: Optional[str] = None
        self._last: Optional[float] = None

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Draw the corpus to try: see `Schedule`."""
        if self._arm is None:
            drawn = {c: progress.random.betavariate(*self._belief(c)) for c in progress.sizes}
            self._arm = max(drawn, key=drawn.__getitem__)
        return {self._arm: 1.0}

    def check(self, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]) -> None:
        """Reject a target that no corpus annotates: see `Schedule`."""
        known = [task for found in tasks.values() for task in found]
        check_names("'target'", [self.target], known, "tasks that are annotated")

    def observe_scores(self, scores: Dict[str, float]) -> None:
        """Record whether the corpus being tried has won: see `Schedule`."""
        if self.target not in scores:
            raise ValueError(
                f"The schedule Bandit needs the score of '{self.target}', but an evaluation only "
                f"gave scores of {', '.join(scores) or 'no task'}. Add texts annotated "
                f"for it to the development corpus, or fix 'target' in {BLOCK}."
            )
        score = scores[self.target]
        if self._last is not None and self._arm is not None:
            for corpus in {*self._beliefs, self._arm}:
                belief = self._belief(corpus)
                # Decay towards the prior: one win and one loss.
                self._beliefs[corpus] = [b + self.forget * (1.0 - b) for b in belief]
            self._beliefs[self._arm][0 if score > self._last else 1] += 1.0
        self._last, self._arm = score, None

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Its beliefs, the corpus being tried and the last score."""
        beliefs = {corpus: list(belief) for corpus, belief in self._beliefs.items()}
        return {"beliefs": beliefs, "arm": self._arm, "last": self._last}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state returned by `get_state`."""
        self._beliefs = {corpus: list(belief) for corpus, belief in state["beliefs"].items()}
        self._arm, self._last = state["arm"], state["last"]

    def _belief(self, corpus: str) -> List[float]:
        return self._beliefs.get(corpus, [1.0, 1.0])

"""Draw corpora in turn."""

from typing import Dict

from ...registry import register
from ...types import Progress, Schedule


@register("mtl_schedules", "spacy_mtl.RoundRobin.v1")
def create_round_robin() -> Schedule:
    """Draw one batch from each corpus in turn."""
    return RoundRobin()


class RoundRobin(Schedule):
    """Draws corpora in turn: see `create_round_robin`."""

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Return the corpus whose turn it is: see `Schedule`."""
        corpora = list(progress.sizes)
        if progress.mixed:
            return dict.fromkeys(corpora, 1.0)
        return {corpora[progress.step % len(corpora)]: 1.0}

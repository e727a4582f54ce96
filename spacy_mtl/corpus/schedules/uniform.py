"""Draw all corpora with the same probability."""

from typing import Dict

from ...registry import register
from ...types import Progress, Schedule


@register("mtl_schedules", "spacy_mtl.Uniform.v1")
def create_uniform() -> Schedule:
    """Draw every corpus with the same probability."""
    return Uniform()


class Uniform(Schedule):
    """Draws uniformly: see `create_uniform`."""

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Return equal shares: see `Schedule`."""
        return dict.fromkeys(progress.sizes, 1.0)

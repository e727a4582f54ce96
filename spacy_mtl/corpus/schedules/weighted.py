"""Draw corpora by given shares."""

from typing import Any, Dict, List, Sequence

from ...registry import register
from ...scheduled import Number, number_at, read_number
from ...types import Progress, Schedule
from .checks import BLOCK, check_names, warn_left_out


@register("mtl_schedules", "spacy_mtl.Weighted.v1")
def create_weighted(shares: Dict[str, Any]) -> Schedule:
    """Draw corpora by given shares.

    shares (Dict[str, Union[float, Iterable[float]]]): The share of each corpus, >= 0, relative
        to each other: a number, or a thinc schedule in units of batches. The default is 0.
    """
    return Weighted(shares)


class Weighted(Schedule):
    """Draws by given shares: see `create_weighted`."""

    def __init__(self, shares: Dict[str, Any]) -> None:
        self.shares: Dict[str, Number] = {
            corpus: read_number(
                share,
                f"The share of the corpus '{corpus}'",
                f"Fix the entry '{corpus}' of 'shares' in {BLOCK}.",
            )
            for corpus, share in shares.items()
        }
        if not any(self.shares.values()):
            what = "All 'shares' of the schedule are 0" if self.shares else "'shares' is empty"
            raise ValueError(f"{what}, so no corpus is ever drawn. Fix it in {BLOCK}.")

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Return the shares for this batch: see `Schedule`."""
        return {corpus: number_at(share, progress.step) for corpus, share in self.shares.items()}

    def check(self, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]) -> None:
        """Reject shares of unknown corpora: see `Schedule`."""
        check_names("'shares'", list(self.shares), list(sizes), "corpora")
        warn_left_out(self.left_out(tasks))

    def left_out(self, tasks: Dict[str, Sequence[str]]) -> List[str]:
        """RETURNS (List[str]): The corpora without a share."""
        return [corpus for corpus in tasks if not self.shares.get(corpus)]

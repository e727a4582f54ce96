"""Schedules that give all corpora all the time, each its share."""

import math
from typing import Any, Dict, Sequence

from ...registry import register
from ...scheduled import Number, number_at, read_number
from ...types import Progress, Schedule
from .base import BLOCK, check_names, warn_left_out


@register("mtl_schedules", "spacy_mtl.RoundRobin.v1")
def create_round_robin() -> Schedule:
    """Create a schedule that takes one corpus after the other, a batch each."""
    return RoundRobin()


@register("mtl_schedules", "spacy_mtl.Uniform.v1")
def create_uniform() -> Schedule:
    """Create a schedule that draws every corpus with the same probability."""
    return Uniform()


@register("mtl_schedules", "spacy_mtl.Proportional.v1")
def create_proportional() -> Schedule:
    """Create a schedule that draws corpora by their number of examples."""
    return Temperature(1.0)


@register("mtl_schedules", "spacy_mtl.Temperature.v1")
def create_temperature(temperature: Any = 1.0) -> Schedule:
    """Create a schedule that draws corpora by their size to the power of 1 / temperature.

    temperature (float): > 0. 1 is Proportional; the higher, the nearer to Uniform.
    SOURCE: Devlin 2018 (multilingual BERT); Arivazhagan et al. 2019, Eq. 2, arXiv:1907.05019.
    """
    return Temperature(temperature)


@register("mtl_schedules", "spacy_mtl.Annealed.v1")
def create_annealed(temperature: Any) -> Schedule:
    """Create a schedule like Temperature, whose temperature changes with the batches.

    temperature (Iterable[float]): A thinc schedule, in units of batches. Values > 0.
    SOURCE: Stickland and Murray 2019, section 3.1 (annealed sampling), arXiv:1902.02671,
        where the power falls from 1 to 0.2: a temperature from 1 to 5.
    """
    return Temperature(temperature)


@register("mtl_schedules", "spacy_mtl.Weighted.v1")
def create_weighted(shares: Dict[str, Any]) -> Schedule:
    """Create a schedule that draws corpora by given shares.

    shares (Dict[str, Union[float, Iterable[float]]]): By corpus, >= 0, in any unit, each a
        number or a thinc schedule in units of batches. A corpus that is not named has 0.
    """
    return Weighted(shares)


class RoundRobin:
    """One corpus after the other: see `create_round_robin`."""

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Name the corpus whose turn it is: see `Schedule`."""
        corpora = list(progress.sizes)
        if progress.mixed:
            return dict.fromkeys(corpora, 1.0)
        return {corpora[progress.step % len(corpora)]: 1.0}


class Uniform:
    """All the same: see `create_uniform`."""

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Give each corpus the same: see `Schedule`."""
        return dict.fromkeys(progress.sizes, 1.0)


class Temperature:
    """Size to the power of 1 / temperature: see `create_temperature`."""

    def __init__(self, temperature: Any) -> None:
        self.temperature = read_number(
            temperature, "The temperature of the schedule", f"Mend 'temperature' in {BLOCK}."
        )
        if not isinstance(self.temperature, float) or self.temperature > 0:
            return
        raise ValueError(
            f"The temperature of the schedule is {temperature!r}, but it divides an exponent and "
            f"must be > 0. Mend 'temperature' in {BLOCK}."
        )

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Weigh the sizes: see `Schedule`."""
        temperature = number_at(self.temperature, progress.step)
        if not temperature:
            raise ValueError(
                f"The temperature of the schedule is 0 at batch {progress.step}, but it divides "
                f"an exponent and must be > 0. Mend 'temperature' in {BLOCK}."
            )
        largest = max(progress.sizes.values())
        # Relative to the largest, so that a low temperature does not overflow.
        return {
            corpus: math.exp(math.log(size / largest) / temperature) if size else 0.0
            for corpus, size in progress.sizes.items()
        }


class Weighted:
    """Given shares: see `create_weighted`."""

    def __init__(self, shares: Dict[str, Any]) -> None:
        self.shares: Dict[str, Number] = {
            corpus: read_number(
                share,
                f"The share of the corpus '{corpus}'",
                f"Mend the entry '{corpus}' of 'shares' in {BLOCK}.",
            )
            for corpus, share in shares.items()
        }
        if not any(self.shares.values()):
            what = "All 'shares' of the schedule are 0" if self.shares else "'shares' is empty"
            raise ValueError(f"{what}, so no corpus is ever drawn. Mend it in {BLOCK}.")

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Look the shares up: see `Schedule`."""
        return {corpus: number_at(share, progress.step) for corpus, share in self.shares.items()}

    def check(self, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]) -> None:
        """Refuse shares of corpora that there are not: see `Schedule`."""
        check_names("'shares'", list(self.shares), list(sizes), "corpora")
        warn_left_out([corpus for corpus in sizes if not self.shares.get(corpus)])

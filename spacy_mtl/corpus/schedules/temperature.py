"""Draw corpora by their size, with a sampling temperature."""

import math
from typing import Any, Dict

from ...registry import register
from ...scheduled import number_at, read_number
from ...types import Progress, Schedule
from .checks import BLOCK


@register("mtl_schedules", "spacy_mtl.Proportional.v1")
def create_proportional() -> Schedule:
    """Draw corpora by their number of examples."""
    return Temperature(1.0)


@register("mtl_schedules", "spacy_mtl.Temperature.v1")
def create_temperature(temperature: Any = 1.0) -> Schedule:
    """Draw corpora by their size to the power of 1 / temperature.

    temperature (float): > 0. 1 is Proportional; higher values come closer to Uniform.
    SOURCE: Arivazhagan et al. 2019, Eq. 2, arXiv:1907.05019; Devlin 2018 (multilingual BERT).
    """
    return Temperature(temperature)


@register("mtl_schedules", "spacy_mtl.Annealed.v1")
def create_annealed(temperature: Any) -> Schedule:
    """Draw corpora like Temperature, with a temperature that changes over the batches.

    temperature (Iterable[float]): A thinc schedule, in units of batches. Values > 0.
    SOURCE: Stickland and Murray 2019, section 3.1 (annealed sampling), arXiv:1902.02671. Their
        exponent falls from 1 to 0.2, which is a temperature from 1 to 5.
    """
    return Temperature(temperature)


class Temperature(Schedule):
    """Draws by size to the power of 1 / temperature: see `create_temperature`."""

    def __init__(self, temperature: Any) -> None:
        self.temperature = read_number(
            temperature, "The temperature of the schedule", f"Fix 'temperature' in {BLOCK}."
        )
        if not isinstance(self.temperature, float) or self.temperature > 0:
            return
        raise ValueError(
            f"The temperature of the schedule is {temperature!r}, but it divides an exponent and "
            f"must be > 0. Fix 'temperature' in {BLOCK}."
        )

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Compute shares from the sizes: see `Schedule`."""
        temperature = number_at(self.temperature, progress.step)
        if not temperature:
            raise ValueError(
                f"The temperature of the schedule is 0 at batch {progress.step}, but it divides "
                f"an exponent and must be > 0. Fix 'temperature' in {BLOCK}."
            )
        largest = max(progress.sizes.values())
        # Relative to the largest, so that a low temperature does not overflow.
        return {
            corpus: math.exp(math.log(size / largest) / temperature) if size else 0.0
            for corpus, size in progress.sizes.items()
        }

"""Calibration: turning a head's scores into probabilities that hold what they say."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Dict, Optional

import numpy

from ..calibration.platt import scaled
from ..loading import UnfitError

#: The key of a head's saved settings with its calibration.
CALIBRATION = "calibration"


@dataclass(frozen=True)
class Calibration:
    """Numbers that make the probabilities of a head agree with how often it is right.

    temperature (float): Divisor of the scores (logits; for entities also those of transitions)
        before probabilities are computed, > 0. It doesn't change what is most probable.
    slope (float): Factor of the log odds of an entity's probability, > 0. Entities only.
    offset (float): What is added to them then. Entities only.
    RAISES (ValueError): If one of them is not finite, or not above 0 where it must be.
    SOURCE: Guo et al. 2017, section 4.2 (temperature), arXiv:1706.04599; Platt 1999 (slope and
        offset).
    """

    temperature: float = 1.0
    slope: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        for key, value in asdict(self).items():
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            is_positive = is_number and (key == "offset" or value > 0)
            if not is_positive or not math.isfinite(value):
                expected = "a finite number" if key == "offset" else "a finite number above 0"
                raise ValueError(
                    f"'{key}' of a calibration is {value!r}, but it must be {expected}. Calibrate "
                    "the head again, on texts that it has not learned from."
                )

    def of_entities(self, probabilities: numpy.ndarray) -> numpy.ndarray:
        """Apply slope and offset to the probabilities of entities.

        probabilities (Floats1d): At the temperature. Shape: (n_entities,).
        RETURNS (Floats1d): Calibrated. Shape: (n_entities,).
        """
        if (self.slope, self.offset) == (1.0, 0.0):
            return probabilities
        return scaled(probabilities, self.slope, self.offset)


class Calibrated:
    """A head that may be calibrated."""

    cfg: Dict[str, Any]

    @property
    def calibration(self) -> Optional[Calibration]:
        """RETURNS (Optional[Calibration]): Saved with the head. None if it isn't calibrated."""
        found = self.cfg.get(CALIBRATION)
        return None if found is None else Calibration(**found)

    @calibration.setter
    def calibration(self, calibration: Optional[Calibration]) -> None:
        self.cfg.pop(CALIBRATION, None)
        if calibration is not None:
            self.cfg[CALIBRATION] = asdict(calibration)

    @property
    def temperature(self) -> float:
        """RETURNS (float): The divisor of the scores; 1.0 if it isn't calibrated."""
        found = self.cfg.get(CALIBRATION)
        return 1.0 if found is None else float(found["temperature"])


def check_calibration(cfg: Dict[str, Any]) -> None:
    """Reject a saved calibration that is damaged.

    cfg (Dict[str, Any]): The saved settings of a head.
    RAISES (UnfitError): If it is neither missing nor valid.
    """
    found = cfg.get(CALIBRATION)
    if found is None:
        return
    try:
        Calibration(**found)
    except (TypeError, ValueError) as err:
        raise UnfitError(f"'{CALIBRATION}' is {found!r}, but it must be valid ({err})") from err

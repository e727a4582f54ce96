"""A separate learning rate for the layers of a component, beside those of its encoder."""

import math
from itertools import islice
from typing import Any, Dict, Optional, Tuple, cast

from spacy.language import Language
from spacy.util import logger, registry
from thinc.api import Model, Optimizer
from thinc.types import FloatsXd

from .adam import fused_step
from .loading import UnfitError
from .parameters import slots_of_model

#: The rate at which layers with random weights learn well beside a pretrained encoder, and the
#: highest rate that is meant for such an encoder: see "Settings of the heads" in benchmarks/.
GOOD_RATE, HIGHEST = 2e-3, 5e-4
#: No layer learns faster than so many times the rate of the encoder, unless it is set.
_LARGEST = 100.0
#: The key of the saved settings for a factor that was found.
FOUND = "learn_rate_scale"
#: The steps of a schedule to look at if [training] has no 'max_steps', and spaCy's default rate.
_N_STEPS, _DEFAULT_RATE = 20_000, 0.001


class OwnRate:
    """A component whose layers may learn faster than its encoder.

    If no factor is set, it is found on initialization, and saved with the component.
    """

    cfg: Dict[str, Any]
    name: str
    _learn_rate_scale: Optional[float] = None

    @property
    def learn_rate_scale(self) -> float:
        """RETURNS (float): The factor. Set it to None to have it found on initialization."""
        set_one = self._learn_rate_scale
        return float(self.cfg.get(FOUND, 1.0)) if set_one is None else set_one

    @learn_rate_scale.setter
    def learn_rate_scale(self, scale: Optional[float]) -> None:
        if scale is not None:
            check_scale(scale, self.name)
        self._learn_rate_scale = scale

    def find_learn_rate_scale(self, nlp: Language, is_pretrained: bool) -> None:
        """Find a factor for layers with random weights, unless one is set.

        nlp (Language): The pipeline.
        is_pretrained (bool): Whether the encoder is. If not, all layers learn at the same rate.
        """
        self.cfg.pop(FOUND, None)
        if self._learn_rate_scale is not None or not is_pretrained:
            return
        peak = _peak_rate(nlp)
        if peak is not None and 0 < peak <= HIGHEST:
            scale = float(f"{min(GOOD_RATE / peak, _LARGEST):.3g}")
            self.cfg[FOUND] = scale
            logger.info(
                "[%s] Learns at %g times the rate of the pretrained encoder (learn_rate_scale).",
                self.name,
                scale,
            )


def check_found(cfg: Dict[str, Any]) -> None:
    """Reject saved settings with a factor that is none.

    cfg (Dict[str, Any]): The saved settings of a component.
    RAISES (UnfitError): If it is not a finite number above 0.
    """
    value = cfg.get(FOUND, 1.0)
    if not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise UnfitError(f"'{FOUND}' is {value!r}, but it must be a finite number above 0")


def _peak_rate(nlp: Language) -> Optional[float]:
    """RETURNS (Optional[float]): The highest rate of Adam in the config, None if unknown."""
    training = nlp.config.interpolate()["training"]
    optimizer = training.get("optimizer") or {}
    if optimizer.get("@optimizers") != "Adam.v1":
        return None
    rate = optimizer.get("learn_rate", _DEFAULT_RATE)
    if isinstance(rate, dict):
        steps = training.get("max_steps") or _N_STEPS
        schedule = registry.resolve({"rate": rate})["rate"]
        rate = max(islice(schedule, steps), default=0.0)
    return float(rate)


def check_scale(scale: float, name: str) -> None:
    """Refuse a factor that no learning rate can have.

    scale (float): The factor.
    name (str): The name of the component, for messages.
    RAISES (ValueError): If it is not above 0, or not finite.
    """
    if not 0 < scale < math.inf:
        raise ValueError(
            f"'learn_rate_scale' of the component '{name}' is {scale!r}, but it multiplies the "
            f"learning rate: it must be > 0 and finite. Fix it in [components.{name}]. To freeze "
            "a component, add it to [training.frozen_components]."
        )


def finish_update_scaled(model: Model, sgd: Optimizer, scale: float, name: str) -> None:
    """Update a component's parameters; those of its `tok2vec` use the plain rate.

    model (Model): The component's model.
    sgd (Optimizer): The optimizer.
    scale (float): Learning rate factor for the other layers.
    name (str): The name of the component, for messages.
    RAISES (ValueError): If `scale` isn't 1.0 and the optimizer is RAdam, which ignores it.
    """
    if scale == 1.0:
        model.finish_update(sgd)
        return
    if getattr(sgd, "use_radam", False):
        raise ValueError(
            f"'learn_rate_scale' of the component '{name}' is {scale}, but the optimizer is "
            "RAdam, which ignores it. Set [training.optimizer] to "
            f'@optimizers = "Adam.v1", or learn_rate_scale = 1.0 in [components.{name}].'
        )
    step = fused_step(sgd)
    encoder_keys = {slot.key for slot in slots_of_model(model.get_ref("tok2vec"))}

    def scaled(key: Tuple[int, str], weights: FloatsXd, gradient: FloatsXd) -> Any:
        lr_scale = 1.0 if key in encoder_keys else scale
        return step(key, weights, gradient, lr_scale=lr_scale)

    model.finish_update(cast(Optimizer, scaled))

"""A separate learning rate for the layers of a component, beside those of its encoder."""

import math
from typing import Any, Tuple, cast

from thinc.api import Model, Optimizer
from thinc.types import FloatsXd

from .adam import fused_step
from .parameters import slots_of_model


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

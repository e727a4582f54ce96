"""Checking that scores are finite."""

from typing import Any, List

from thinc.api import Model

from ..parameters import Slot, slots_of_model


def check_finite(scores: Any, model: Model, name: str) -> None:
    """Reject scores that aren't finite: decoding them would look like a prediction.

    scores (Union[List[Floats2d], Floats2d]): The model's output.
    model (Model): The head's model.
    name (str): The name of the head.
    RAISES (ValueError): If a score is NaN or infinite. The message names the source.
    """
    flat = model.ops.flatten(scores) if isinstance(scores, list) else scores
    # Synchronize with the device once, however many documents there are.
    if bool(model.ops.xp.isfinite(flat).all()):
        return
    array = _broken_array(model)
    why = (
        f"{array} is not finite: the pipeline is damaged, or its training diverged"
        if array
        else f"the arrays of '{name}' are finite, so the output of its encoder is not"
    )
    raise ValueError(
        f"The head '{name}' got scores that are NaN or infinite: {why}. Use another copy of the "
        "pipeline or an earlier checkpoint, or train again with a lower learn_rate in "
        "[training.optimizer] and a grad_clip."
    )


def _broken_array(model: Model) -> str:
    nodes: List[Model] = list(model.walk())
    encoder = model.get_ref("tok2vec") if model.has_ref("tok2vec") else None
    of_encoder = set() if encoder is None else {slot.key for slot in slots_of_model(encoder)}
    for slot in slots_of_model(model):
        if slot.key in of_encoder or not slot.is_set or _is_finite(slot, model):
            continue
        layer = nodes[int(slot.address.split("/")[0])].name
        if slot.is_thinc:
            return f"the array '{slot.name}' of its layer '{layer}'"
        return f"'{slot.name}' of the network in its layer '{layer}'"
    return ""


def _is_finite(slot: Slot, model: Model) -> bool:
    # Check torch parameters with torch: numpy has no bfloat16.
    is_finite = model.ops.xp.isfinite(slot.value) if slot.is_thinc else slot.owner.isfinite()
    return bool(is_finite.all())

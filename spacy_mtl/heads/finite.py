"""Scores that are numbers."""

from typing import Any, List

from thinc.api import Model

from ..parameters import Slot, slots_of_model


def check_finite(scores: Any, model: Model, name: str) -> None:
    """Refuse scores that are not finite: whatever is made of them looks like a prediction.

    scores (Union[List[Floats2d], Floats2d]): What the model gave.
    model (Model): The model of the head.
    name (str): The head.
    RAISES (ValueError): If one is NaN or infinite. It says where that comes from.
    """
    flat = model.ops.flatten(scores) if isinstance(scores, list) else scores
    # One look at the device, however many documents.
    if bool(model.ops.xp.isfinite(flat).all()):
        return
    array = _broken_array(model)
    why = (
        f"{array} is not finite: the pipeline is damaged, or its training went astray"
        if array
        else f"the arrays of '{name}' are finite, so what it gets from its encoder is not"
    )
    raise ValueError(
        f"The head '{name}' got scores that are NaN or infinite: {why}. Take the pipeline from "
        "another copy or an earlier checkpoint, or train it again with a lower learn_rate in "
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
    # Of torch by torch: numpy knows no bfloat16.
    is_finite = model.ops.xp.isfinite(slot.value) if slot.is_thinc else slot.owner.isfinite()
    return bool(is_finite.all())

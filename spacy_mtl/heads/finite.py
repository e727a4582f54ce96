"""Scores that are numbers."""

from typing import Any, List

from thinc.api import Model


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
    encoder = {node.id for node in model.get_ref("tok2vec").walk()} if _has_view(model) else set()
    nodes: List[Model] = [node for node in model.walk() if node.id not in encoder]
    for node in nodes:
        for key in node.param_names:
            if node.has_param(key) and not node.ops.xp.isfinite(node.get_param(key)).all():
                return f"the array '{key}' of its layer '{node.name}'"
        for shim in node.shims:
            named = getattr(shim._model, "named_parameters", None)
            for key, parameter in named() if named is not None else ():
                if not bool(parameter.isfinite().all()):
                    return f"'{key}' of the network in its layer '{node.name}'"
    return ""


def _has_view(model: Model) -> bool:
    return bool(model.has_ref("tok2vec"))

"""A trial of whether several tasks can go through the upper layers in one pass."""

import logging
from typing import Any, Dict, List, Optional, Tuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ..locks import ForkSafeLock
from .adapted import AdaptedLayers, ChangedLayers, Changes
from .attention import AttentionWithin
from .layers import trial_ids
from .lower import Given, catching, lower_packing, lower_part
from .mode import evaluate
from .packing import find_packing, run_packed
from .stacking import StackingPlan, make_plan

#: How different the output may be, relative to its largest value.
_TOLERANCE = 1e-4
#: What each of two tasks multiplies all outputs with in a trial.
_FACTORS = (1.1, 0.9)

_logger = logging.getLogger("spacy")
_TRYING = ForkSafeLock()
#: By layers, and by whether texts are packed. None for layers that can't.
_PLANS: "WeakKeyDictionary[Any, Dict[bool, Optional[StackingPlan]]]" = WeakKeyDictionary()


def find_plan(
    network: Any, n_upper: int, layers: AdaptedLayers, *, is_packed: bool
) -> Optional[StackingPlan]:
    """Find out, once per network, how several tasks can go through its upper layers in one pass.

    network (PreTrainedModel): The encoder. The trial runs without dropout.
    n_upper (int): The number of upper layers.
    layers (AdaptedLayers): The upper layers.
    is_packed (bool): Whether texts are packed. Then the encoder was found to read packed texts.
    RETURNS (Optional[StackingPlan]): How. None if they can't: then there is a pass per task.
    """
    with _TRYING:
        plans = _PLANS.setdefault(layers, {})
        if is_packed not in plans:
            # Any error means that they can't.
            try:
                plans[is_packed] = _try_out(network, n_upper, layers, is_packed)
            except Exception as err:
                _logger.debug("Adapters run one after the other: %s %s", type(err).__name__, err)
                plans[is_packed] = None
        return plans[is_packed]


class _Factors(Changes):
    """Multiplies all outputs with a number per task.

    factors (Tuple[float, ...]): The numbers.
    """

    def __init__(self, *factors: float) -> None:
        self._factors = torch.tensor(factors)
        self.n_copies = len(factors)

    def of_linear(self, name: str, X: Tensor, output: Tensor) -> Tensor:
        return self.of_layer(0, output)

    def of_layer(self, number: int, hidden: Tensor) -> Tensor:
        factors = self._factors.to(hidden.device)[:, None, None]
        parts = hidden.reshape(self.n_copies, -1, hidden.shape[-1]) * factors
        return parts.view(hidden.shape)


def _try_out(
    network: Any, n_upper: int, layers: AdaptedLayers, is_packed: bool
) -> Optional[StackingPlan]:
    was_training = layers.training
    device = next(network.parameters()).device
    for module in (network, layers):
        evaluate(module)
    try:
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            hidden, given, lengths = _caught(network, n_upper, 3, is_packed)
            plan = make_plan(_caught(network, n_upper, 2, is_packed)[1], given, is_packed=is_packed)
            expected = [
                _run(ChangedLayers(layers, _Factors(factor)), hidden, given, lengths)
                for factor in _FACTORS
            ]
            stacked = ChangedLayers(layers, _Factors(*_FACTORS), plan)
            found = _run(stacked, hidden, given, lengths * len(_FACTORS))
            error = (found - torch.cat(expected, dim=1 if is_packed else 0)).abs().max()
            is_same = bool(error <= _TOLERANCE * max(one.abs().max() for one in expected))
            return plan if is_same else None
    finally:
        if was_training:
            layers.train()


def _caught(
    network: Any, n_upper: int, n_texts: int, is_packed: bool
) -> Tuple[Tensor, List[Given], List[int]]:
    """RETURNS (Tuple[Tensor, List[Given], List[int]]): What the layers are given for some texts,
    and the lengths of packed ones, which are empty if they are padded."""
    lower = lower_part(network, n_upper)
    evaluate(lower)
    ids = trial_ids(network, 7 * n_texts)
    if not is_packed:
        mask = torch.ones(n_texts, 7, device=ids.device)
        mask[1, 4:] = 0
        with catching() as given:
            inputs = {"input_ids": ids.view(n_texts, 7), "attention_mask": mask}
            return lower(**inputs).last_hidden_state, given, []
    packing = lower_packing(find_packing(network, 16), network, n_upper)
    if packing is None:
        raise RuntimeError("the encoder can't read packed texts")
    lengths = [7] * n_texts
    positions = torch.arange(7, device=ids.device).repeat(n_texts)[None]
    with catching() as given:
        output = run_packed(lower, packing, ids, positions, None, lengths)
        return output.last_hidden_state, given, lengths


def _run(run: ChangedLayers, hidden: Tensor, given: List[Given], lengths: List[int]) -> Tensor:
    if not lengths:
        return run(hidden, given)
    with AttentionWithin(lengths):
        return run(hidden, given)

"""thinc's Adam, computed on a CPU by PyTorch's fused kernel.

An encoder has tens of millions of weights, and thinc goes over each several times a step, with
one core. The results are the same to rounding, and the state (moments, counts, averages) stays in
thinc's optimizer, so that either may go on where the other stopped.
"""

from typing import Any, Callable, Tuple

import numpy
import torch
from thinc.api import NumpyOps, Optimizer
from thinc.types import FloatsXd
from torch.optim.adam import adam

#: What an optimizer of thinc does with a parameter: `Optimizer.__call__`, or a stand-in.
Step = Callable[..., Tuple[FloatsXd, FloatsXd]]

#: thinc corrects the bias of young moments in the learning rate. The kernel does so by the number
#: of the step: after so many, nothing is left to correct.
_NO_CORRECTION = 1e9
_OPS = NumpyOps()


def fused_step(optimizer: Any) -> Step:
    """Get an optimizer's step, computed by the fused kernel where that can.

    optimizer (Any): The optimizer: thinc's own, or anything that is called like it.
    RETURNS (Step): A step for `Model.finish_update`. Optimizers other than thinc's Adam, and
        arrays other than float32 on a CPU, are left to the optimizer.
    """
    if type(optimizer) is not Optimizer or not _is_adam(optimizer):
        return optimizer

    def step(
        key: Tuple[int, str], weights: FloatsXd, gradient: FloatsXd, *, lr_scale: float = 1.0
    ) -> Tuple[FloatsXd, FloatsXd]:
        if not (_is_plain(weights) and _is_plain(gradient)):
            return optimizer(key, weights, gradient, lr_scale=lr_scale)
        _update(optimizer, key, weights, gradient, lr_scale)
        return weights, gradient

    return step


def _is_adam(optimizer: Optimizer) -> bool:
    return not optimizer.use_radam and optimizer.b1 > 0.0 and optimizer.b2 > 0.0


def _is_plain(array: Any) -> bool:
    fits = isinstance(array, numpy.ndarray) and array.dtype == numpy.float32 and array.size > 0
    return fits and array.flags.c_contiguous and array.flags.writeable


def _update(
    optimizer: Optimizer, key: Any, weights: FloatsXd, gradient: FloatsXd, lr_scale: float
) -> None:
    """Do what `Optimizer.__call__` of thinc does, in the same order."""
    optimizer.nr_update[key] += 1
    count = optimizer.nr_update[key]
    if optimizer.L2 != 0 and not optimizer.L2_is_weight_decay:
        gradient += optimizer.L2 * weights
    if optimizer.grad_clip:
        gradient = _OPS.clip_gradient(gradient, optimizer.grad_clip)
    for moments in (optimizer.mom1, optimizer.mom2):
        if key not in moments:
            moments[key] = _OPS.alloc1f(weights.size)
    correction = (1.0 - optimizer.b2**count) ** 0.5 / (1.0 - optimizer.b1**count)
    values = torch.from_numpy(weights).view(-1)
    adam(
        [values],
        [torch.from_numpy(gradient).view(-1)],
        [torch.from_numpy(optimizer.mom1[key])],
        [torch.from_numpy(optimizer.mom2[key])],
        [],
        [torch.tensor(_NO_CORRECTION)],
        fused=True,
        amsgrad=False,
        maximize=False,
        beta1=optimizer.b1,
        beta2=optimizer.b2,
        lr=optimizer.learn_rate * correction * lr_scale,
        weight_decay=0.0,
        eps=optimizer.eps,
    )
    gradient.fill(0.0)
    if optimizer.L2 != 0 and optimizer.L2_is_weight_decay:
        values.mul_(1.0 - lr_scale * optimizer.learn_rate * optimizer.L2)
    if optimizer.averages is not None:
        if key not in optimizer.averages:
            optimizer.averages[key] = _OPS.alloc(weights.shape, dtype="float32")
        _OPS.update_averages(optimizer.averages[key], weights, count)

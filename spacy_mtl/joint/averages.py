"""Averaged parameters for torch modules wrapped by thinc.

An optimiser keeps averages under (shim id, parameter name). thinc 8.3's
`PyTorchShim.use_params` looks for "pytorch_{id}_{name}", finds none, and so
evaluates and saves the averaged heads on the raw encoder.
"""

from contextlib import contextmanager
from typing import Any, Dict, Iterator, Sequence, Tuple

from thinc.api import Model
from thinc.types import FloatsXd


@contextmanager
def use_torch_params(
    models: Sequence[Model], params: Dict[Tuple[int, str], FloatsXd]
) -> Iterator[None]:
    """Set the parameters of wrapped torch modules for a while.

    models (Sequence[Model]): Models whose shims are looked through.
    params (Dict[Tuple[int, str], FloatsXd]): Values by shim id and parameter name,
        such as `Optimizer.averages`.
    """
    from thinc.api import xp2torch

    backup = []
    try:
        for name, shim, parameter in _torch_parameters(models):
            if (shim.id, name) in params:
                backup.append((parameter, parameter.data))
                value = xp2torch(params[(shim.id, name)], device=parameter.device)
                parameter.data = value.reshape(parameter.shape).to(parameter.dtype)
        yield
    finally:
        for parameter, value in backup:
            parameter.data = value


def _torch_parameters(models: Sequence[Model]) -> Iterator[Tuple[str, Any, Any]]:
    for model in models:
        for node in model.walk():
            for shim in node.shims:
                named_parameters = getattr(shim._model, "named_parameters", None)
                if named_parameters is not None:
                    for name, parameter in named_parameters():
                        yield name, shim, parameter

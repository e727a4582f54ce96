"""Networks stay in evaluation mode, except while a training step runs through them.

torch keeps the mode per network, not per thread. If a prediction changed the mode and restored
it afterwards, another thread predicting at the same time would get dropout. So predictions never
restore it: the network is usually in evaluation mode already, and only the first prediction after
someone else's `train()` has to set it.
"""

from contextlib import contextmanager
from typing import Any, Callable, Iterable, Iterator, Tuple, cast

import torch
from thinc.api import Model, Optimizer, PyTorchShim
from thinc.types import ArgsKwargs

from ..adam import fused_step
from ..compat.thinc import change_class, network_of, uses_mixed_precision
from ..locks import ForkSafeLock
from .copies import forget_copies
from .fast_linear import fast_encoder

# torch sets a network's flag before those of its parts: no thread may look in between.
_SWITCHING = ForkSafeLock()


def evaluate(network: Any) -> None:
    """Switch a network to evaluation mode (no dropout).

    network (Module): The network.
    """
    _switch(network, False)


@contextmanager
def training(network: Any) -> Iterator[None]:
    """Switch a network to training mode, and back to evaluation mode afterwards.

    No other thread may predict with the same network meanwhile.

    network (Module): The network.
    """
    _switch(network, True)
    try:
        yield
    finally:
        _switch(network, False)


def _switch(network: Any, mode: bool) -> None:
    with _SWITCHING:
        if network.training != mode:
            network.train(mode)


class EvaluatingShim(PyTorchShim):
    """A torch network in a thinc model, safe to call from several threads.

    thinc's own shim sets the mode in each prediction and leaves it in training mode.
    """

    #: The numeric precision it computes in: one of `precision.PRECISIONS`.
    precision = "fp32"

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Compute without dropout and gradients. Switches the mode only if needed.

        inputs (ArgsKwargs): The network's arguments.
        RETURNS (Any): The network's output.
        """
        network: Any = network_of(self)
        evaluate(network)
        mixed = torch.autocast("cuda", enabled=uses_mixed_precision(self))
        with torch.no_grad(), mixed, fast_encoder(network):
            return network(*inputs.args, **inputs.kwargs)

    def begin_update(self, inputs: ArgsKwargs) -> Tuple[Any, Callable[[ArgsKwargs], Any]]:
        """Compute with dropout, also in the backward pass, which may recompute activations.

        inputs (ArgsKwargs): The network's arguments.
        RETURNS (Tuple[Any, Callable]): The network's output and the backward callback.
        """
        with training(network_of(self)), fast_encoder(network_of(self)):
            outputs, backprop = super().begin_update(inputs)

        def backprop_in_training(gradients: ArgsKwargs) -> Any:
            with training(network_of(self)):
                return backprop(gradients)

        return outputs, backprop_in_training

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the weights.

        optimizer (Optimizer): The optimizer.
        """
        network: Any = network_of(self)
        before = {name: parameter.data for name, parameter in network.named_parameters()}
        super().finish_update(cast(Optimizer, fused_step(optimizer)))
        for name, parameter in network.named_parameters():
            # thinc wraps weights that were changed in place in a new tensor, which holds the one
            # before, and so on: a little more memory with each step.
            if parameter.data_ptr() == before[name].data_ptr():
                parameter.data = before[name]
        forget_copies(network)

    @contextmanager
    def use_params(self, params: Any) -> Iterator[None]:
        """Use other weights for a while.

        params (Dict): The weights, by the optimizer's keys.
        """
        with super().use_params(params):
            forget_copies(network_of(self))
            try:
                yield
            finally:
                forget_copies(network_of(self))

    def from_bytes(self, bytes_data: bytes) -> Any:
        """Load the weights.

        bytes_data (bytes): The output of `to_bytes`.
        RETURNS (Shim): This shim.
        """
        super().from_bytes(bytes_data)
        forget_copies(network_of(self))
        return self


def shims_of(models: Iterable[Model]) -> Iterator[Any]:
    """YIELDS (Shim): The shims of some models and of all their layers."""
    return (shim for model in models for node in model.walk() for shim in node.shims)


def precision_of(models: Iterable[Model]) -> str:
    """RETURNS (str): The numeric precision of the encoder in some models, "fp32" if unknown."""
    shims = shims_of(models)
    return next((s.precision for s in shims if isinstance(s, EvaluatingShim)), "fp32")


def keep_evaluating(model: Model) -> None:
    """Make the torch networks in a model safe to call from several threads.

    Networks with a custom shim class are left alone: it may work differently.

    model (Model): The model of any component.
    """
    for node in model.walk():
        for shim in node.shims:
            if type(shim) is PyTorchShim:
                change_class(shim, EvaluatingShim)
                # A new network is in training mode.
                evaluate(network_of(shim))

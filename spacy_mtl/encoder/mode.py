"""Networks stand in evaluation mode, but while a step of training runs through them.

torch keeps the mode with the network, not with the thread. If a prediction sets it, and puts it
back afterwards, another thread that predicts meanwhile gets dropout. So a prediction never puts
anything back: it finds the network as it wants it, and only the first one after somebody else's
`train()` has to set it.
"""

from contextlib import contextmanager
from threading import Lock
from typing import Any, Callable, Iterator, Tuple

import torch
from thinc.api import Model, PyTorchShim
from thinc.types import ArgsKwargs

from ..compat.thinc import change_class, network_of, uses_mixed_precision

# The flag of the whole is set before those of its parts: nobody may look in between.
_SWITCHING = Lock()


def evaluate(network: Any) -> None:
    """Have a network compute without dropout.

    network (Module): The network.
    """
    _switch(network, False)


@contextmanager
def training(network: Any) -> Iterator[None]:
    """Have a network compute with dropout meanwhile, and without it afterwards.

    Not for predictions in another thread with the same network: it is being changed.

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
    """A network of torch in a model of thinc, that may be called by several threads.

    thinc's own sets the mode with each prediction, and leaves it on training.
    """

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Compute without dropout and gradients. No mode is switched if it is the right one.

        inputs (ArgsKwargs): What the network is called with.
        RETURNS (Any): What it gives.
        """
        network: Any = network_of(self)
        evaluate(network)
        with torch.no_grad(), torch.autocast("cuda", enabled=uses_mixed_precision(self)):
            return network(*inputs.args, **inputs.kwargs)

    def begin_update(self, inputs: ArgsKwargs) -> Tuple[Any, Callable[[ArgsKwargs], Any]]:
        """Compute with dropout, there and on the way back, where some is computed again.

        inputs (ArgsKwargs): What the network is called with.
        RETURNS (Tuple[Any, Callable]): What it gives, and the way back.
        """
        with training(network_of(self)):
            outputs, backprop = super().begin_update(inputs)

        def backprop_in_training(gradients: ArgsKwargs) -> Any:
            with training(network_of(self)):
                return backprop(gradients)

        return outputs, backprop_in_training


def keep_evaluating(model: Model) -> None:
    """Have the networks of torch in a model be called as several threads need it.

    Those whose shim is a kind of its own are left alone: it may have other ways.

    model (Model): The model of any component.
    """
    for node in model.walk():
        for shim in node.shims:
            if type(shim) is PyTorchShim:
                change_class(shim, EvaluatingShim)
                # A network that was just made is in training.
                evaluate(network_of(shim))

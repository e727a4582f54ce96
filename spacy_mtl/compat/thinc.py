"""Private parts of thinc."""

from typing import Any, Callable, Iterator, List, Optional, Tuple, Type

from thinc.api import Model, Optimizer
from thinc.shims.shim import Shim
from thinc.types import FloatsXd


def take_gradient(node: Model, name: str) -> Optional[FloatsXd]:
    """Take the gradient of a layer's parameter away.

    Reaches for `Model._params._grads`: there is no public way to have no gradient again. One of
    zeros is not the same, since an optimiser with momentum moves the parameter.

    node (Model): The layer.
    name (str): The parameter.
    RETURNS (Optional[FloatsXd]): The gradient, if there was one.
    """
    return node._params._grads.pop((node.id, name), None)


def renew_ids(model: Model) -> None:
    """Give the layers and shims of a copied model ids of their own.

    Reaches for `Model.global_id`, `Shim.global_id` and their locks. An optimiser knows parameters
    by these ids. `copy.deepcopy` keeps them, and `Model.copy` those of shims, so that the two
    models would share moments and averages.

    model (Model): The copy.
    """
    for node in model.walk():
        params = {name: node.get_param(name) for name in node.param_names if node.has_param(name)}
        with Model.global_id_lock:
            Model.global_id += 1
            node.id = Model.global_id
        # They are kept by id.
        for name, value in params.items():
            node.set_param(name, value)
        for shim in node.shims:
            with Shim.global_id_lock:
                Shim.global_id += 1
                shim.id = Shim.global_id


def forward_of(model: Model) -> Callable[..., Any]:
    """Look at the forward function of a layer.

    Reaches for `Model._func`: `Model.__call__` runs it, and nothing public gives it.

    model (Model): The layer.
    RETURNS (Callable): The function: of the layer, its input, and whether it trains.
    """
    return model._func


def replace_forward(model: Model, forward: Callable[..., Any]) -> None:
    """Replace the forward function of a layer, in place.

    Reaches for `Model._func`. A new layer around this one would move all others in
    `model.walk()`, by which saved models and checkpoints are read.

    model (Model): The layer.
    forward (Callable): The function: see `forward_of`.
    """
    model._func = forward


def change_class(shim: Shim, kind: Type[Shim]) -> None:
    """Make a shim one of a subclass, in place.

    Sets `__class__`. Others may hold this very shim, and its number stands in the state of
    optimisers, so a new one can't take its place.

    shim (Shim): The shim.
    kind (Type[Shim]): A subclass of its class that adds methods only.
    """
    shim.__class__ = kind


def network_of(shim: Shim) -> Optional[Any]:
    """Look at the network that a shim wraps.

    Reaches for `Shim._model`: a shim runs it, saves it, and gives it to nobody.

    shim (Shim): The shim.
    RETURNS (Optional[Module]): The network. None before it is initialised.
    """
    return shim._model


def named_parameters(shim: Shim) -> Iterator[Tuple[str, Any]]:
    """Walk over the parameters that a shim hands to an optimiser.

    Reaches for `Shim._model`. `PyTorchShim.finish_update` calls them by these names.

    shim (Shim): The shim.
    YIELDS (Tuple[str, Parameter]): None if there is no network, or it is not one of torch.
    """
    named = getattr(shim._model, "named_parameters", None)
    if named is not None:
        yield from named()


def uses_mixed_precision(shim: Shim) -> bool:
    """Tell whether a shim computes in mixed precision.

    Reaches for `PyTorchShim._mixed_precision`, which its constructor is given. Other shims
    have none.

    shim (Shim): The shim.
    RETURNS (bool): Whether it does.
    """
    return bool(getattr(shim, "_mixed_precision", False))


def get_radam_buffer(sgd: Optimizer) -> List[List[Any]]:
    """Look at what RAdam has computed for its latest steps.

    Reaches for `Optimizer._radam_buffer`: an optimiser has no way to save what it keeps.

    sgd (Optimizer): The optimiser.
    RETURNS (List[List]): Ten rows: step, number of moments, step size. A copy.
    """
    return [list(row) for row in sgd._radam_buffer]


def set_radam_buffer(sgd: Optimizer, buffer: List[List[Any]]) -> None:
    """Set what `get_radam_buffer` returned.

    Reaches for `Optimizer._radam_buffer`: see there.

    sgd (Optimizer): The optimiser.
    buffer (List[List]): The rows. They are copied.
    """
    sgd._radam_buffer = [list(row) for row in buffer]

"""Private parts of thinc."""

from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Type

from thinc.api import Model, Optimizer
from thinc.shims.shim import Shim
from thinc.types import FloatsXd


def take_gradient(node: Model, name: str) -> Optional[FloatsXd]:
    """Remove and return the gradient of a layer's parameter.

    Uses `Model._params._grads`: there is no public way to remove a gradient. Setting it to zero
    isn't the same, because an optimizer with momentum would still move the parameter.

    node (Model): The layer.
    name (str): The parameter.
    RETURNS (Optional[FloatsXd]): The gradient, if there was one.
    """
    return node._params._grads.pop((node.id, name), None)


def resize(node: Model, sizes: Dict[str, int]) -> None:
    """Change dimensions of an initialized layer. Its arrays have to be set as well.

    Uses `Model._dims`: `Model.set_dim` refuses if there are arrays. A new layer would need to take
    the place of this one everywhere, in references, too.

    node (Model): The layer.
    sizes (Dict[str, int]): The new sizes by dimension.
    """
    node._dims.update(sizes)


def renew_ids(model: Model) -> None:
    """Give the layers and shims of a copied model new ids.

    Uses `Model.global_id`, `Shim.global_id` and their locks. Optimizers identify parameters by
    these ids. `copy.deepcopy` keeps them, and `Model.copy` keeps those of shims, so the two
    models would share moments and averages.

    model (Model): The copy.
    """
    for node in model.walk():
        params = {name: node.get_param(name) for name in node.param_names if node.has_param(name)}
        with Model.global_id_lock:
            Model.global_id += 1
            node.id = Model.global_id
        # Parameters are stored by id.
        for name, value in params.items():
            node.set_param(name, value)
        for shim in node.shims:
            with Shim.global_id_lock:
                Shim.global_id += 1
                shim.id = Shim.global_id


def forward_of(model: Model) -> Callable[..., Any]:
    """Get the forward function of a layer.

    Uses `Model._func`: `Model.__call__` runs it, but nothing public returns it.

    model (Model): The layer.
    RETURNS (Callable): The function. It takes the layer, its input, and whether to train.
    """
    return model._func


def replace_forward(model: Model, forward: Callable[..., Any]) -> None:
    """Replace the forward function of a layer, in place.

    Uses `Model._func`. Wrapping the layer would shift all others in `model.walk()`, whose order
    saved models and checkpoints depend on.

    model (Model): The layer.
    forward (Callable): The function: see `forward_of`.
    """
    model._func = forward


def change_class(shim: Shim, kind: Type[Shim]) -> None:
    """Change the class of a shim to a subclass, in place.

    Sets `__class__`. Others may hold this very object, and optimizer states contain its id, so
    a new shim can't replace it.

    shim (Shim): The shim.
    kind (Type[Shim]): A subclass of its class that only adds methods.
    """
    shim.__class__ = kind


def network_of(shim: Shim) -> Optional[Any]:
    """Get the network that a shim wraps.

    Uses `Shim._model`: a shim runs and saves it, but has no public access to it.

    shim (Shim): The shim.
    RETURNS (Optional[Module]): The network. None before initialization.
    """
    return shim._model


def set_network(shim: Shim, network: Optional[Any]) -> None:
    """Set the network that a shim wraps.

    Sets `Shim._model`: see `network_of`.

    shim (Shim): The shim.
    network (Optional[Module]): The network. None if it is not initialized.
    """
    shim._model = network


def named_parameters(shim: Shim) -> Iterator[Tuple[str, Any]]:
    """Walk the parameters that a shim passes to an optimizer.

    Uses `Shim._model`. `PyTorchShim.finish_update` uses the same names.

    shim (Shim): The shim.
    YIELDS (Tuple[str, Parameter]): Nothing if there is no network, or it isn't a torch module.
    """
    named = getattr(shim._model, "named_parameters", None)
    if named is not None:
        yield from named()


def uses_mixed_precision(shim: Shim) -> bool:
    """Check whether a shim computes in mixed precision.

    Uses `PyTorchShim._mixed_precision`, an argument of its constructor. Other shims don't have
    it.

    shim (Shim): The shim.
    RETURNS (bool): Whether it does.
    """
    return bool(getattr(shim, "_mixed_precision", False))


def get_radam_buffer(sgd: Optimizer) -> List[List[Any]]:
    """Get RAdam's buffer of its latest steps.

    Uses `Optimizer._radam_buffer`: an optimizer has no way to save its state.

    sgd (Optimizer): The optimizer.
    RETURNS (List[List]): A copy of ten rows: step, number of moments, step size.
    """
    return [list(row) for row in sgd._radam_buffer]


def set_radam_buffer(sgd: Optimizer, buffer: List[List[Any]]) -> None:
    """Restore the buffer from `get_radam_buffer`.

    Uses `Optimizer._radam_buffer`: see there.

    sgd (Optimizer): The optimizer.
    buffer (List[List]): The rows. They are copied.
    """
    sgd._radam_buffer = [list(row) for row in buffer]

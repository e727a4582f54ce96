"""The layer that runs the torch network of a scheme, and one backward pass per task."""

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Type, cast

import torch
from spacy.tokens import Doc
from thinc.api import Model, torch2xp, xp2torch
from torch import Tensor

from ..arrays import cut
from ..encoder.fast_linear import fast_linear
from ..encoder.mode import training
from ..types import Features, Sharing, TokenVectors, Views
from .network import Batch, SharingNetwork
from .scheme import make_scheme
from .shim import SchemeShim


def make_network_scheme(
    title: str,
    tok2vec: Any,
    build: Callable[..., SharingNetwork],
    kind: Type[SchemeShim] = SchemeShim,
) -> Model[List[Doc], TokenVectors]:
    """Build the model of a scheme whose views come from a torch network.

    title (str): Its registered name.
    tok2vec (Model[List[Doc], Union[List[Floats2d], Features]]): The shared encoder.
    build (Callable[[int], SharingNetwork]): Builds the network for a width of the shared
        representation. Picklable, such as a `partial` of the network's class.
    kind (Type[SchemeShim]): The class of its shim, which calls `build`.
    RETURNS (Model[List[Doc], List[Floats2d]]): The model of `mtl`.
    """
    name = title.split(".")[1]
    sharing: Sharing = Model(
        f"{name}.views",
        _views,
        init=_init,
        dims={"nI": None},
        shims=[kind(build, title)],
    )
    return make_scheme(name, tok2vec, sharing)


def _init(model: Sharing, X: Any = None, Y: Any = None) -> None:
    cast(SchemeShim, model.shims[0]).initialize(model.get_dim("nI"))


def _views(
    model: Sharing, inputs: Tuple[Features, Sequence[str]], is_train: bool
) -> Tuple[Views, Callable[[Views], Features]]:
    features, tasks = inputs
    shim = cast(SchemeShim, model.shims[0])
    sizes = [len(array) for array in features.arrays]
    lengths = sizes if features.lengths is None else features.lengths
    flat = model.ops.xp.concatenate(features.arrays)
    with shim.computing(is_train) as network, fast_linear(shim.device):
        X = xp2torch(flat, requires_grad=is_train, device=shim.device)
        found, losses = network(X, Batch(lengths, features.annotated, features.context), tasks)
        # In bfloat16, some operations return that type.
        outputs = {task: view.to(X.dtype) for task, view in found.items()}
    views = Views(
        {task: cut(torch2xp(view.detach()), lengths) for task, view in outputs.items()},
        _numbers(losses),
    )
    if not is_train:
        return views, _no_gradient
    passes = _Passes(shim, X, outputs, losses)

    def backprop(d_views: Views) -> Features:
        d_flat = passes.of_losses(d_views.losses) if d_views.losses else None
        for task, d_view in d_views.by_task.items():
            gradient = xp2torch(model.ops.xp.concatenate(d_view), device=shim.device)
            d_flat = passes.of_view(task, gradient)
        return Features([] if d_flat is None else cut(torch2xp(d_flat), sizes))

    return views, backprop


class _Passes:
    """The backward passes through the graph of one batch, which is kept until the step closes.

    Parameters that no task's view has reached so far get no gradient from auxiliary losses either,
    so those of absent tasks don't move.
    """

    def __init__(
        self, shim: SchemeShim, X: Tensor, outputs: Dict[str, Tensor], losses: Dict[str, Tensor]
    ) -> None:
        self._shim = shim
        self._X = X
        self._outputs = outputs
        self._losses = losses
        used = [*shim.network.parameters(), *shim.network.borrowed()]
        self._parameters = [p for p in used if p.requires_grad]
        self._reached = {id(p) for p in shim.network.auxiliary()}

    def of_view(self, task: str, d_view: Tensor) -> Optional[Tensor]:
        """Run the pass of one task. RETURNS (Optional[Tensor]): Its gradient of the features."""
        output = self._outputs[task]
        d_X, *found = self._run(output, d_view, self._parameters)
        self._reached.update(id(p) for p, d in zip(self._parameters, found) if d is not None)
        return d_X

    def of_losses(self, strengths: Mapping[str, float]) -> Optional[Tensor]:
        """Run the pass of all auxiliary losses: call it last."""
        total = sum(strength * self._losses[name] for name, strength in strengths.items())
        reached = [p for p in self._parameters if id(p) in self._reached]
        d_X, *_ = self._run(total, None, reached)
        return d_X

    def _run(self, output: Any, d_output: Any, parameters: List[Any]) -> Tuple[Any, ...]:
        # Activations that are recomputed here need dropout.
        with training(self._shim.network):
            found = torch.autograd.grad(
                output, [self._X, *parameters], d_output, retain_graph=True, allow_unused=True
            )
        for parameter, gradient in zip(parameters, found[1:]):
            if gradient is None:
                continue
            if parameter.grad is None:
                # Torch may give the same memory to several parameters. In another order of values,
                # Adam's last bits differ.
                parameter.grad = gradient.clone(memory_format=torch.contiguous_format)
            else:
                parameter.grad += gradient
        return found


def _numbers(losses: Mapping[str, Tensor]) -> Dict[str, float]:
    # All at once: a GPU is asked once.
    found = torch.stack([loss.detach() for loss in losses.values()]).tolist() if losses else []
    return dict(zip(losses, found))


def _no_gradient(d_views: Views) -> Features:
    raise ValueError("A forward pass for prediction has no backward pass.")

"""Run parts of a training step that leave a pipeline as it was."""

from contextlib import ExitStack, contextmanager
from copy import deepcopy
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from spacy.language import Language
from thinc.api import Model

from ..chance import unchanged_chance
from ..compat.spacy import give_callback, is_listener, take_callback
from ..compat.thinc import network_of
from ..parameters import slots_of
from .listener import TaskListener

#: Where thinc's layers keep their dropout rate.
_DROPOUT = "dropout_rate"


@contextmanager
def no_trace(nlp: Language) -> Iterator[None]:
    """Let forward and backward passes inside have no effect on the training that follows.

    Restores gradients, random states, the buffers and attributes of torch networks, dropout rates,
    the state of components, and what listeners hold of an open step. Parameters and optimizers
    aren't restored: don't call `finish_update` inside.

    nlp (Language): The pipeline.
    """
    models = _models(nlp)
    with ExitStack() as stack:
        stack.enter_context(unchanged_chance())
        stack.enter_context(_same_components(nlp))
        stack.enter_context(_same_networks(models))
        stack.enter_context(_same_dropout(models))
        stack.enter_context(_same_listeners(models))
        stack.enter_context(_same_gradients(nlp))
        yield


def _models(nlp: Language) -> List[Model]:
    found = (getattr(pipe, "model", None) for _, pipe in nlp.components)
    return [model for model in found if isinstance(model, Model)]


def _nodes(models: Sequence[Model]) -> List[Model]:
    return [node for model in models for node in model.walk()]


@contextmanager
def _same_gradients(nlp: Language) -> Iterator[None]:
    slots = slots_of(nlp)
    before = [slot.gradient() for slot in slots]
    copies = [None if gradient is None else gradient.copy() for gradient in before]
    for slot in slots:
        slot.take()
    try:
        yield
    finally:
        for slot, gradient in zip(slots, copies):
            slot.take()
            if gradient is not None:
                slot.set_gradient(gradient)


@contextmanager
def _same_components(nlp: Language) -> Iterator[None]:
    """Restore what heads count, such as their lessons, and whether they have learned."""
    pipes: List[Any] = [pipe for _, pipe in nlp.components]
    # Components written in Cython may have no such dict.
    before = [dict(getattr(pipe, "__dict__", {})) for pipe in pipes]
    settings = [deepcopy(getattr(pipe, "cfg", None)) for pipe in pipes]
    try:
        yield
    finally:
        for pipe, attributes, cfg in zip(pipes, before, settings):
            if attributes:
                pipe.__dict__.clear()
                pipe.__dict__.update(attributes)
            if isinstance(cfg, dict):
                pipe.cfg.clear()
                pipe.cfg.update(cfg)


@contextmanager
def _same_networks(models: Sequence[Model]) -> Iterator[None]:
    """Restore running statistics, and what networks keep of a batch until its step closes."""
    before = []
    for network in _networks(models):
        for module in network.modules():
            buffers = {name: (b, None if b is None else b.clone()) for name, b in _buffers(module)}
            before.append((module, dict(vars(module)), buffers))
    try:
        yield
    finally:
        for module, attributes, buffers in before:
            vars(module).clear()
            vars(module).update(attributes)
            for name, (buffer, value) in buffers.items():
                module._buffers[name] = buffer
                if buffer is not None:
                    buffer.copy_(value)


def _networks(models: Sequence[Model]) -> List[Any]:
    shims = (shim for node in _nodes(models) for shim in node.shims)
    found = {id(network_of(shim)): network_of(shim) for shim in shims}
    return [network for network in found.values() if hasattr(network, "modules")]


def _buffers(module: Any) -> List[Tuple[str, Any]]:
    return list(module.named_buffers(recurse=False))


@contextmanager
def _same_dropout(models: Sequence[Model]) -> Iterator[None]:
    rates = [(node, node.attrs[_DROPOUT]) for node in _nodes(models) if _DROPOUT in node.attrs]
    try:
        yield
    finally:
        for node, rate in rates:
            node.attrs[_DROPOUT] = rate


@contextmanager
def _same_listeners(models: Sequence[Model]) -> Iterator[None]:
    listeners: List[Any] = [node for node in _nodes(models) if is_listener(node)]
    ours = [node for node in listeners if isinstance(node, TaskListener)]
    held = [(node, node.held) for node in ours]
    others: List[Tuple[Any, Dict[str, Any]]] = [
        (node, take_callback(node)) for node in listeners if not isinstance(node, TaskListener)
    ]
    try:
        yield
    finally:
        for node, run_state in held:
            node.held = run_state
        for node, state in others:
            give_callback(node, state)

"""Copies of the upper layers of an encoder, and running them on the output of the lower ones."""

import copy
from contextlib import nullcontext
from typing import Any, Callable, Sequence

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .attention import AttentionWithin
from .encoding import pool
from .fast_linear import fast_linear
from .layers import LayerForm, find_layers
from .lower import Given
from .pieces import PieceBatch, Pieces
from .running import to_torch


class UpperLayers(torch.nn.Module):
    """The upper layers of an encoder, and what follows its last one.

    layers (Sequence[Module]): The layers, from the lowest.
    after (Sequence[Module]): What the hidden states go through afterwards.
    form (LayerForm): What a layer returns.
    """

    def __init__(
        self,
        layers: Sequence[torch.nn.Module],
        after: Sequence[torch.nn.Module],
        form: LayerForm,
    ) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(layers)
        self.after = torch.nn.ModuleList(after)
        self.form = form

    def forward(self, hidden: Tensor, given: Sequence[Given]) -> Tensor:
        """Run the layers.

        hidden (Tensor): The hidden states of the lower layers. *Shape:* (n_rows, length, width).
        given (Sequence[Given]): What each layer is given besides.
        RETURNS (Tensor): The last hidden states. *Shape:* (n_rows, length, width).
        """
        for layer, own in zip(self.layers, given):
            hidden = self.form.hidden_of(layer(hidden, *own.args, **own.kwargs))
        for module in self.after:
            hidden = module(hidden)
        return hidden


def upper_part(network: Any, n_upper: int) -> UpperLayers:
    """Get the upper layers of an encoder, not copies.

    network (PreTrainedModel): The encoder.
    n_upper (int): The number of layers, 0 or more.
    RETURNS (UpperLayers): The layers. Without any, there isn't what follows the last one either.
    RAISES (EncoderError): If its layers can't be found.
    """
    if not n_upper:
        return UpperLayers([], [], LayerForm())
    names = find_layers(network)
    layers = [network.get_submodule(name) for name in names.layers[-n_upper:]]
    return UpperLayers(layers, [network.get_submodule(name) for name in names.after], names.form)


def copy_upper(network: Any, n_upper: int) -> UpperLayers:
    """Copy the upper layers of an encoder, with their weights: see `upper_part`."""
    # Modules share their config.
    return copy.deepcopy(upper_part(network, n_upper), {id(network.config): network.config})


def run_upper(upper: UpperLayers, X: Tensor, pieces: Pieces) -> Tensor:
    """Compute the vectors of tokens from the output of the lower layers.

    upper (UpperLayers): The upper layers.
    X (Tensor): The hidden states, and what else is trained of what they are given: see
        `pieces.as_rows`. *Shape:* (n_rows, width).
    pieces (Pieces): All that goes along with it.
    RETURNS (Tensor): Zeros for tokens without wordpieces. *Shape:* (n_tokens, width).
    """
    return run_copies(upper, X, pieces, 1)[0]


def run_copies(
    run: Callable[[Tensor, Sequence[Given]], Tensor], X: Tensor, pieces: Pieces, n_copies: int
) -> Tensor:
    """Compute the vectors of tokens, by layers that return several copies of each text.

    run (Callable): Runs the layers, as `UpperLayers` does. Its copies are one after the other along
        the first dimension, or the second one of packed texts.
    X (Tensor): See `run_upper`.
    pieces (Pieces): All that goes along with it.
    n_copies (int): The number of copies.
    RETURNS (Tensor): The vectors by copy. *Shape:* (n_copies, n_tokens, width).
    """
    width = X.shape[1]
    sizes = [n_rows for own in pieces.batches for n_rows in own.n_rows(width)]
    rows = iter(X.split([*sizes, len(X) - sum(sizes)]))
    # Without any wordpiece, there is still a gradient.
    pooled, tokens = [X[:0].expand(n_copies, 0, width)], []
    for own in pieces.batches:
        given = run, own, [next(rows) for _ in own.forms], n_copies
        if own.is_recomputed:
            pooled.append(checkpoint(_run, *given, use_reentrant=False))
        else:
            pooled.append(_run(*given))
        tokens.append(to_torch(own.batch.tokens, X.device))
    found = torch.cat(pooled, dim=1)
    vectors = found.new_zeros(n_copies, sum(pieces.lengths), width)
    return vectors.index_copy(1, torch.cat(tokens), found) if tokens else vectors + found.sum()


def _run(
    run: Callable[[Tensor, Sequence[Given]], Tensor],
    own: PieceBatch,
    rows: Sequence[Tensor],
    n_copies: int,
) -> Tensor:
    """RETURNS (Tensor): The vectors of the batch's tokens. *Shape:* (n_copies, n_tokens, width)."""
    hidden, given = own.restore(rows)
    lengths = own.packed
    # Also when activations are recomputed, or they would differ.
    linear = fast_linear(hidden.device) if own.is_recomputed else nullcontext()
    with linear, nullcontext() if lengths is None else AttentionWithin(lengths * n_copies):
        hidden = run(hidden, given)
    copies = hidden.chunk(n_copies, dim=0 if lengths is None else 1)
    return torch.stack([pool(copy, own.batch, hidden.device) for copy in copies])

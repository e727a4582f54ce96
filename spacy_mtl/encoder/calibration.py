"""Finding the ranges of a network's activations on example texts, for int8."""

from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Sequence, cast

import numpy
import torch
from spacy.tokens import Doc
from torch import Tensor

from .batching import make_batches, pieces_a_batch
from .layout import PaddedWindows
from .mode import evaluate
from .quantized_linear import LinearRange, QuantizedLinear
from .reading import read

#: How much of an outlier moves from the inputs to the weights. On MiniLM, 0.75 to 0.85 lose least.
_MIGRATION = 0.8


@dataclass(frozen=True)
class Batch:
    """What a network read in one call, and what came out.

    given (Dict[str, Tensor]): Its arguments.
    is_piece (Tensor): Where there is no padding. Shape: (n_rows, length).
    hidden (Tensor): The vectors of the wordpieces in float32. Shape: (n_pieces, width).
    """

    given: Dict[str, Tensor]
    is_piece: Tensor
    hidden: Tensor


def read_batches(docs: Sequence[Doc], tokenizer: Any, network: Any) -> List[Batch]:
    """Run a network on documents, padded, in micro-batches.

    docs (Sequence[Doc]): The documents.
    tokenizer (PreTrainedTokenizerBase): The encoder's tokenizer.
    network (PreTrainedModel): The encoder in float32, on a CPU.
    RETURNS (List[Batch]): The micro-batches, those of the longest windows first.
    """
    evaluate(network)
    batches = []
    device = next(network.parameters()).device
    for batch in make_batches(read(docs, tokenizer, network), pieces_a_batch(device)):
        windows = cast(PaddedWindows, batch.windows)
        arrays = {"input_ids": windows.ids, "attention_mask": windows.mask}
        if windows.types is not None:
            arrays["token_type_ids"] = windows.types
        given = {name: torch.from_numpy(array) for name, array in arrays.items()}
        is_piece = given["attention_mask"] > 0
        with torch.no_grad():
            hidden = network(**given).last_hidden_state[is_piece]
        batches.append(Batch(given, is_piece, hidden))
    return batches


def calibrate(network: Any, batches: List[Batch]) -> Dict[str, LinearRange]:
    """Find the ranges of the inputs of a network's linear layers.

    Outliers of single inputs are moved to the weights, and the mean error of the outputs is
    corrected.

    network (PreTrainedModel): The encoder in float32.
    batches (List[Batch]): Examples of what it reads.
    RETURNS (Dict[str, LinearRange]): The linear layers that its output depends on, by name.
    SOURCE: SmoothQuant: Xiao et al. 2023, arXiv:2211.10438. Differs: a factor of its own for each
        layer, not for all layers with the same input.
    """
    lows: Dict[str, Tensor] = {}
    highs: Dict[str, Tensor] = {}

    def widen(name: str, inputs: Tensor) -> None:
        low, high = inputs.aminmax(dim=0)
        lows[name] = torch.minimum(lows.get(name, low), low)
        highs[name] = torch.maximum(highs.get(name, high), high)

    _visit_linears(network, batches, widen)
    layers = {name: network.get_submodule(name) for name in lows}
    rough = {name: _range(layer, lows[name], highs[name]) for name, layer in layers.items()}
    quantized = {name: QuantizedLinear(layer, rough[name]) for name, layer in layers.items()}
    errors = {name: torch.zeros(len(layer.weight)) for name, layer in layers.items()}
    counts = dict.fromkeys(layers, 0)

    def add_error(name: str, inputs: Tensor) -> None:
        errors[name] += (layers[name](inputs) - quantized[name](inputs)).sum(0)
        counts[name] += len(inputs)

    _visit_linears(network, batches, add_error)
    shifts = {name: (error / counts[name]).numpy() for name, error in errors.items()}
    return {name: replace(found, shift=shifts[name]) for name, found in rough.items()}


def _range(linear: Any, low: Tensor, high: Tensor) -> LinearRange:
    """RETURNS (LinearRange): The range for inputs within these limits, without a shift."""
    largest = torch.maximum(-low, high).clamp(min=1e-5)
    weights = linear.weight.detach().abs().amax(0).clamp(min=1e-5)
    factors = largest**_MIGRATION / weights ** (1 - _MIGRATION)
    return LinearRange(
        low=min(0.0, float((low / factors).min())),
        high=max(0.0, float((high / factors).max())),
        factors=factors.numpy(),
        shift=numpy.zeros(len(linear.weight), dtype="float32"),
    )


def mean_cosine(network: Any, batches: List[Batch]) -> float:
    """Compare a network's vectors with the recorded ones.

    network (Callable): The network, or a copy of it.
    batches (List[Batch]): What to compare.
    RETURNS (float): The mean cosine, over all wordpieces. NaN if one of them is.
    """
    cosines = []
    for batch in batches:
        with torch.no_grad():
            hidden = network(**batch.given).last_hidden_state[batch.is_piece]
        pair = hidden.double(), batch.hidden.double()
        cosines.append(torch.nn.functional.cosine_similarity(*pair, dim=1))
    return float(torch.cat(cosines).mean())


def _visit_linears(
    network: Any, batches: List[Batch], visit: Callable[[str, Tensor], None]
) -> None:
    """Call `visit` with the name and inputs of each linear layer. Shape: (n_pieces, n_inputs)."""
    handles = []
    current: List[Batch] = []

    def watch(name: str, linear: Any) -> None:
        def before(module: Any, args: Any) -> None:
            (X,) = args
            # Two dimensions: for example, a pooler's first wordpieces.
            if X.ndim == 3:
                is_piece = current[0].is_piece
                visit(name, X[is_piece] if X.shape[:2] == is_piece.shape else X.flatten(0, 1))

        handles.append(linear.register_forward_pre_hook(before))

    for name, module in network.named_modules():
        if type(module) is torch.nn.Linear:
            watch(name, module)
    try:
        with torch.no_grad():
            for batch in batches:
                current[:] = [batch]
                network(**batch.given)
    finally:
        for handle in handles:
            handle.remove()

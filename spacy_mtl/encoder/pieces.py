"""Hidden states between the lower and the upper layers of an encoder.

They pass from one to the other as arrays, so that gradients can meet there. Whatever else the upper
layers are given, such as masks, goes along. Where that is trained too, as DeBERTa's embeddings of
relative positions are, it is made into rows like hidden states, and gets a gradient like them.
"""

from dataclasses import dataclass, replace
from typing import Any, List, Optional, Sequence, Tuple

import torch
from torch import Tensor

from .batching import MicroBatch
from .layout import PackedWindows
from .lower import Given, Place, exchanged


@dataclass(frozen=True)
class _Stand:
    """Stands for a trained tensor among what a layer is given.

    number (int): The number of the tensor.
    """

    number: int


@dataclass(frozen=True)
class PieceBatch:
    """A micro-batch between the lower and the upper layers, without its trained tensors.

    batch (MicroBatch): The micro-batch.
    forms (List[Tuple[Size, dtype]]): The shape and type of the hidden states, and those of all
        other trained tensors that the upper layers are given.
    given (List[Given]): What each upper layer is given besides.
    is_recomputed (bool): Whether its activations are recomputed in the backward pass.
    """

    batch: MicroBatch
    forms: List[Tuple[torch.Size, torch.dtype]]
    given: List[Given]
    is_recomputed: bool

    @property
    def packed(self) -> Optional[List[int]]:
        """RETURNS (Optional[List[int]]): The lengths of packed texts. None if they are padded."""
        windows = self.batch.windows
        return windows.lengths if isinstance(windows, PackedWindows) else None

    def n_rows(self, width: int) -> List[int]:
        """RETURNS (List[int]): The number of rows of each tensor: see `as_rows`."""
        return [-(-shape.numel() // width) for shape, _ in self.forms]

    def restore(self, rows: Sequence[Tensor]) -> Tuple[Tensor, List[Given]]:
        """Make the input of the upper layers from the rows of the trained tensors.

        rows (Sequence[Tensor]): See `as_rows`.
        RETURNS (Tuple[Tensor, List[Given]]): The hidden states, and what else each layer is given.
        """
        tensors = [
            # What was in bfloat16 is so again. In float64, gradients are checked.
            own.flatten()[: shape.numel()]
            .view(shape)
            .to(dtype if dtype.itemsize < 4 else own.dtype)
            for own, (shape, dtype) in zip(rows, self.forms)
        ]

        def put_back(place: Place, value: Any) -> Any:
            return tensors[value.number] if isinstance(value, _Stand) else value

        return tensors[0], [exchanged(each, put_back) for each in self.given]


@dataclass
class Pieces:
    """All that the upper layers need to know about a batch besides the hidden states.

    lengths (List[int]): The number of tokens of each document.
    batches (List[PieceBatch]): The micro-batches.
    whole (Optional[Tensor]): The vectors of tokens by the whole encoder, to predict, if asked for.
        *Shape:* (n_tokens, width).
    """

    lengths: List[int]
    batches: List[PieceBatch]
    whole: Optional[Tensor] = None


def split_off(
    batch: MicroBatch, hidden: Tensor, given: List[Given], is_recomputed: bool
) -> Tuple[PieceBatch, List[Tensor]]:
    """Separate the trained tensors of a micro-batch from all else.

    batch (MicroBatch): The micro-batch.
    hidden (Tensor): The hidden states of the lower layers. *Shape:* (n_rows, length, width).
    given (List[Given]): What the upper layers are given besides.
    is_recomputed (bool): Whether activations are recomputed in the backward pass.
    RETURNS (Tuple[PieceBatch, List[Tensor]]): The micro-batch, and the hidden states with all other
        trained tensors.
    """
    tensors = [hidden]

    def take(place: Place, value: Any) -> Any:
        if not isinstance(value, Tensor) or not value.requires_grad:
            return value
        for number, known in enumerate(tensors):
            # The same tensor is given to all layers.
            if known is value:
                return _Stand(number)
        tensors.append(value)
        return _Stand(len(tensors) - 1)

    others = [exchanged(replace(each, hidden=None), take) for each in given]
    forms = [(tensor.shape, tensor.dtype) for tensor in tensors]
    return PieceBatch(batch, forms, others, is_recomputed), tensors


def as_rows(tensor: Tensor, width: int) -> Tensor:
    """Make any tensor into rows, with zeros at the end if its size isn't a multiple of the width.

    tensor (Tensor): The tensor.
    width (int): The width of the rows.
    RETURNS (Tensor): The rows, in float32. *Shape:* (n_rows, width).
    """
    flat = tensor.float().flatten()
    return torch.nn.functional.pad(flat, (0, -flat.numel() % width)).view(-1, width)

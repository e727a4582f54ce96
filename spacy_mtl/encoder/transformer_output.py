"""What the encoder gives for micro-batches, put together again."""

from typing import Any, Dict, Sequence, Tuple

import numpy
from transformers.file_utils import ModelOutput


def merge_outputs(
    outputs: Sequence[Any], parts: Sequence[numpy.ndarray], shape: Tuple[int, int]
) -> ModelOutput:
    """Put what the encoder gave for some micro-batches together.

    outputs (List[ModelOutput]): What it gave for each.
    parts (List[Ints1d]): The rows that each was taken from.
    shape (Tuple[int, int]): The number of all rows, and their length.
    RETURNS (ModelOutput): The hidden states and what else has rows, all of them in order.
        Zeros where a row was shorter in its micro-batch.
    """
    found: Dict[str, Any] = {}
    for key in outputs[0]:
        values = [output[key] for output in outputs]
        layers = [value if isinstance(value, tuple) else (value,) for value in values]
        # As the library: what has no row a text, such as the past of a decoder, is dropped.
        if all(_has_rows(layer, rows) for own, rows in zip(layers, parts) for layer in own):
            tensors = tuple(_merge_tensors(own, parts, shape, key) for own in zip(*layers))
            found[key] = tensors if isinstance(values[0], tuple) else tensors[0]
    # What is left out is None then, as in what the encoder gives.
    merged: ModelOutput = type(outputs[0])(**found)
    return merged


def _has_rows(value: Any, rows: numpy.ndarray) -> bool:
    return tuple(getattr(value, "shape", ())[:1]) == (len(rows),)


def _merge_tensors(
    tensors: Sequence[Any], parts: Sequence[numpy.ndarray], shape: Tuple[int, int], key: str
) -> Any:
    n_rows, length = shape
    sizes = list(tensors[0].shape)
    # (batch, length, width) and (batch, heads, length, length); others, such as that of a
    # pooler, have no axis of wordpieces.
    padded = {"last_hidden_state": [1], "hidden_states": [1], "attentions": [2, 3]}.get(key, [])
    for axis in padded:
        sizes[axis] = length
    merged = tensors[0].new_zeros((n_rows, *sizes[1:]))
    for tensor, rows in zip(tensors, parts):
        index = (rows, *(slice(0, size) for size in tensor.shape[1:]))
        merged[index] = tensor.detach()
    return merged

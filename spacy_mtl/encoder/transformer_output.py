"""What the encoder gives for micro-batches, put together again."""

from typing import Any, Sequence, Tuple

import numpy
from transformers.file_utils import ModelOutput


def merge_outputs(
    outputs: Sequence[Any], parts: Sequence[numpy.ndarray], shape: Tuple[int, int]
) -> ModelOutput:
    """Put what the encoder gave for some micro-batches together.

    outputs (List[ModelOutput]): What it gave for each.
    parts (List[Ints1d]): The rows that each was taken from.
    shape (Tuple[int, int]): The number of all rows, and their length.
    RETURNS (ModelOutput): The hidden states and what else there is, all rows in order.
        Zeros where a row was shorter in its micro-batch.
    """
    if len(outputs) == 1 and outputs[0].last_hidden_state.shape[:2] == shape:
        if (numpy.diff(parts[0]) > 0).all():
            return outputs[0]
    merged = ModelOutput()
    for key, value in outputs[0].items():
        if isinstance(value, tuple):
            layers = zip(*(output[key] for output in outputs))
            merged[key] = tuple(_merge_tensors(tensors, parts, shape, key) for tensors in layers)
        else:
            tensors = [output[key] for output in outputs]
            merged[key] = _merge_tensors(tensors, parts, shape, key)
    return merged


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

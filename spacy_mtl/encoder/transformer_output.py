"""Merging the encoder's output for micro-batches."""

from functools import partial
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy
from spacy_transformers.data_classes import FullTransformerBatch, TransformerData
from thinc.api import Model
from transformers.file_utils import ModelOutput

from ..compat.thinc import forward_of, replace_forward


def merge_outputs(
    outputs: Sequence[Any], parts: Sequence[numpy.ndarray], shape: Tuple[int, int]
) -> ModelOutput:
    """Merge the encoder's outputs for micro-batches.

    outputs (List[ModelOutput]): One output per micro-batch.
    parts (List[Ints1d]): The rows of each micro-batch.
    shape (Tuple[int, int]): The total number of rows, and their length.
    RETURNS (ModelOutput): The hidden states and all other outputs with rows, in order. Zeros
        where a row was shorter in its micro-batch.
    """
    found: Dict[str, Any] = {}
    for key in outputs[0]:
        values = [output[key] for output in outputs]
        layers = [value if isinstance(value, tuple) else (value,) for value in values]
        # Like the library, drop outputs without one row per text, such as a decoder's past.
        if all(_has_rows(layer, rows) for own, rows in zip(layers, parts) for layer in own):
            tensors = tuple(_merge_tensors(own, parts, shape, key) for own in zip(*layers))
            found[key] = tensors if isinstance(values[0], tuple) else tensors[0]
    # Dropped outputs are None, as if the encoder hadn't returned them.
    merged: ModelOutput = type(outputs[0])(**found)
    return merged


def empty_batch(n_docs: int, width: int) -> FullTransformerBatch:
    """Create the encoder's output for documents without tokens.

    Each has one vector that belongs to no token, so that pooling layers know the width.

    n_docs (int): The number of documents.
    width (int): The width of the encoder.
    RETURNS (FullTransformerBatch): Their batch.
    """
    batch = FullTransformerBatch.empty(n_docs)
    batch.cached_doc_data = [TransformerData.zeros(1, width) for _ in range(n_docs)]
    for data in batch.cached_doc_data:
        data.align = batch.align
    return batch


def pool_without_tokens(layer: Model) -> Model:
    """Make the library's `trfs2arrays` accept batches without tokens, on which it fails.

    layer (Model[List[TransformerData], List[Floats2d]]): The layer, modified in place.
    RETURNS (Model[List[TransformerData], List[Floats2d]]): The same layer.
    """
    replace_forward(layer, partial(_pool, forward_of(layer)))
    return layer


def _pool(
    pool: Callable, model: Model, batch: Sequence[TransformerData], is_train: bool
) -> Tuple[List[Any], Callable]:
    if not batch or any(len(data.align.lengths) for data in batch):
        pooled: Tuple[List[Any], Callable] = pool(model, batch, is_train)
        return pooled
    # The library's own batch without tokens has no width.
    width = batch[0].width if batch[0].model_output else 0
    return [model.ops.alloc2f(0, width) for _ in batch], lambda d_arrays: batch


def _has_rows(value: Any, rows: numpy.ndarray) -> bool:
    return tuple(getattr(value, "shape", ())[:1]) == (len(rows),)


def _merge_tensors(
    tensors: Sequence[Any], parts: Sequence[numpy.ndarray], shape: Tuple[int, int], key: str
) -> Any:
    n_rows, length = shape
    sizes = list(tensors[0].shape)
    # (batch, length, width) and (batch, heads, length, length); others, such as a pooler's
    # output, have no wordpiece axis.
    padded = {"last_hidden_state": [1], "hidden_states": [1], "attentions": [2, 3]}.get(key, [])
    for axis in padded:
        sizes[axis] = length
    merged = tensors[0].new_zeros((n_rows, *sizes[1:]))
    for tensor, rows in zip(tensors, parts):
        index = (rows, *(slice(0, size) for size in tensor.shape[1:]))
        merged[index] = tensor.detach()
    return merged

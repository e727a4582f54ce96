"""The forward pass of the stock `transformer` component's model, in micro-batches."""

from functools import partial
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy
import torch
from spacy.tokens import Doc
from spacy_transformers.data_classes import FullTransformerBatch, WordpieceBatch
from thinc.api import xp2torch
from thinc.util import convert_recursive
from transformers.file_utils import ModelOutput
from transformers.modeling_outputs import BaseModelOutput

from ..compat.spacy_transformers import shim_of
from ..compat.thinc import uses_mixed_precision
from .batching import batch_by_padded_size, pieces_a_batch
from .engine import find_engine, gives_more
from .mode import training
from .openvino import OpenVINONetwork
from .precision import computing
from .transformer_input import TransformerInput, take
from .transformer_output import empty_batch, merge_outputs


def forward(
    model: Any,
    docs: List[Doc],
    is_train: bool,
    *,
    read: Callable[[Any, List[Doc]], TransformerInput],
    run: Callable[[Any, WordpieceBatch, bool], Tuple[ModelOutput, Callable]],
    in_one_batch: bool,
) -> Tuple[FullTransformerBatch, Callable[[FullTransformerBatch], List[Doc]]]:
    """Run the encoder on documents.

    model (EncoderModel): Has the tokenizer and the encoder.
    docs (List[Doc]): The documents.
    is_train (bool): Whether to train.
    read (Callable): Splits documents into wordpieces.
    run (Callable): Runs some rows of wordpieces: see `run_part`.
    in_one_batch (bool): Whether a training step is a single micro-batch.
    RETURNS (Tuple[FullTransformerBatch, Callable]): The encoder's output and the backward callback.
    RAISES (ValueError): If the encoder isn't initialized.
    """
    if model.transformer is None:
        raise ValueError(
            "The encoder of the spacy_mtl.TransformerModel.v1 has no weights yet: call "
            "nlp.initialize(), or load a trained pipeline."
        )
    if not any(len(doc) for doc in docs):
        return empty_batch(len(docs), model.get_dim("nO")), lambda d_output: docs
    given = read(model, docs)
    wordpieces = given.wordpieces
    lengths = numpy.asarray(wordpieces.attention_mask.sum(axis=1), dtype="int64")
    is_whole = is_train and in_one_batch
    budget = wordpieces.input_ids.size if is_whole else pieces_a_batch(model.transformer.device)
    parts = batch_by_padded_size(lengths, budget)
    outputs, callbacks = [], []
    for rows in parts:
        output, backprop_part = run(model, take(wordpieces, rows, lengths), is_train)
        outputs.append(output)
        callbacks.append(backprop_part)

    def backprop(d_output: FullTransformerBatch) -> List[Doc]:
        # Only the hidden state has a gradient: the other outputs are for users to inspect.
        d_hidden: Any = next(iter(d_output.model_output.values()))
        for rows, backprop_part in zip(parts, callbacks):
            d_part = d_hidden[rows, : lengths[rows].max()]
            backprop_part(d_part.contiguous())
        return docs

    merged = merge_outputs(outputs, parts, wordpieces.input_ids.shape)
    return FullTransformerBatch(given.spans, wordpieces, merged, given.align), backprop


def run_part(
    model: Any, part: WordpieceBatch, is_train: bool, *, precision: str, engine: str
) -> Tuple[ModelOutput, Callable[[Any], object]]:
    """Run the encoder on rows of wordpieces.

    model (EncoderModel): Has the encoder.
    part (WordpieceBatch): The rows.
    is_train (bool): Whether to train.
    precision (str): See `computing`.
    engine (str): See `find_engine`.
    RETURNS (Tuple[ModelOutput, Callable]): The encoder's output in float32, and the backward
        callback for the last hidden states.
    """
    by_torch = partial(_run_by_torch, model, part, is_train, precision)
    network = model.transformer
    if engine == "torch" or gives_more(network, engine):
        return by_torch()
    inputs = _to_torch(part, network.device)
    mask: Any = part.attention_mask
    n_pieces = int(mask.sum())

    def read_some(twin: Optional[OpenVINONetwork]) -> int:
        by_torch() if twin is None else twin(**inputs)
        return n_pieces

    found = find_engine(
        network,
        engine,
        precision,
        is_train,
        n_pieces=n_pieces,
        has_types="token_type_ids" in inputs,
        ranges=shim_of(model).ranges,
        read_some=read_some,
    )
    if found is None:
        return by_torch()
    # The next call overwrites it.
    hidden: Any = found(**inputs).last_hidden_state
    hidden = hidden.clone()
    return BaseModelOutput(last_hidden_state=hidden), lambda d_hidden: None


def _run_by_torch(
    model: Any, part: WordpieceBatch, is_train: bool, precision: str
) -> Tuple[ModelOutput, Callable[[Any], object]]:
    # Only the library's layer knows mixed precision and scaled gradients.
    if precision == "fp32" and (is_train or uses_mixed_precision(shim_of(model))):
        output, backprop_layer = model.layers[0](part, is_train)
        return output, lambda d_hidden: backprop_layer(ModelOutput(output_0=d_hidden))
    inputs = _to_torch(part, model.transformer.device)
    ranges = shim_of(model).ranges
    with computing(model.transformer, precision, is_train, ranges) as network:
        output = network(**inputs)
    # numpy has no bfloat16.
    found = convert_recursive(_is_bfloat16, lambda tensor: tensor.float(), dict(output))
    as_float: ModelOutput = type(output)(**found)

    def backprop(d_hidden: Any) -> None:
        # Look `backward` up when called: whoever needs several passes patches it to keep the graph.
        with training(model.transformer):
            torch.autograd.backward(as_float["last_hidden_state"], d_hidden)

    return as_float, backprop


def _to_torch(part: WordpieceBatch, device: Any) -> Dict[str, Any]:
    given = {
        "input_ids": part.input_ids,
        "attention_mask": part.attention_mask,
        "token_type_ids": part.token_type_ids,
    }
    return {k: xp2torch(array, device=device) for k, array in given.items() if array is not None}


def _is_bfloat16(value: Any) -> bool:
    return getattr(value, "dtype", None) is torch.bfloat16

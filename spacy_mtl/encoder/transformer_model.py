"""A faster model for the stock `transformer` component."""

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy
from spacy.tokens import Doc, Span
from spacy_transformers.align import get_alignment, get_alignment_via_offset_mapping
from spacy_transformers.data_classes import FullTransformerBatch, WordpieceBatch
from spacy_transformers.layers.split_trf import split_trf_batch
from spacy_transformers.layers.transformer_model import (
    TransformerModel,
    huggingface_from_pretrained,
    huggingface_tokenize,
    set_pytorch_transformer,
)
from spacy_transformers.span_getters import configure_strided_spans, get_doc_spans
from spacy_transformers.truncate import truncate_oversize_splits
from thinc.api import Model, chain
from thinc.types import Ragged
from transformers.file_utils import ModelOutput

from ..registry import registry
from .batching import batch_by_padded_size, pad_windows
from .loading import find_special_pieces, longest_window
from .transformer import BATCH_PIECES, CONTEXT
from .windows import Windows, make_windows
from .wordpieces import Wordpieces, shorten_tokens, split_into_wordpieces

SpanGetter = Callable[[List[Doc]], List[List[Span]]]


@dataclass(frozen=True)
class _Input:
    spans: List[List[Span]]
    wordpieces: WordpieceBatch
    align: Ragged


@registry.architectures("spacy_mtl.TransformerModel.v1")
def create_transformer_model(
    name: str,
    get_spans: Optional[SpanGetter] = None,
    tokenizer_config: Dict[str, Any] = {"use_fast": True},
    transformer_config: Dict[str, Any] = {},
    mixed_precision: bool = False,
    grad_scaler_config: Dict[str, Any] = {},
) -> Model[List[Doc], FullTransformerBatch]:
    """Build a model that can take the place of `spacy-transformers.TransformerModel.v3`.

    It gives what that one gives, with less work: texts of like length go through the
    encoder together, and a document that fits the encoder's window is read once and as a
    whole. Longer ones are read in windows that overlap a little; a token takes its vector
    from the one where it has most context.

    name (str): A folder, or a name on the model hub.
    get_spans (Optional[Callable[[List[Doc]], List[List[Span]]]]): What is read together.
        By default windows as above. Spans of your own are read as they are; what goes
        beyond the encoder's window is left out, with a warning.
    tokenizer_config (Dict[str, Any]): Settings of the tokenizer.
    transformer_config (Dict[str, Any]): Settings of the transformer.
    mixed_precision (bool): Whether to compute in float16 where it can, on a GPU.
    grad_scaler_config (Dict[str, Any]): Settings of the gradient scaler for that.
    RETURNS (Model[List[Doc], FullTransformerBatch]): The model.
    """
    model = TransformerModel(
        name,
        get_spans or _whole_documents,
        dict(tokenizer_config),
        dict(transformer_config),
        mixed_precision,
        dict(grad_scaler_config),
    )
    read = _read_windows if get_spans is None else _read_spans
    # Mixed precision scales and unscales all gradients with every backward pass.
    model._func = partial(_forward, read=read, in_one_batch=mixed_precision)
    model.init = _init
    model.attrs["replace_listener"] = _replace_listener
    model.attrs["replace_listener_cfg"] = _replace_listener_cfg
    return model


def _whole_documents(docs: List[Doc]) -> List[List[Span]]:
    """Stand where the library wants a getter of spans. Windows do not come from it."""
    return get_doc_spans(docs)


def _init(model: Any, X: Any = None, Y: Any = None) -> None:
    if not model.attrs["has_transformer"]:
        configs = model._init_tokenizer_config, model._init_transformer_config
        loaded = huggingface_from_pretrained(model.attrs["name"], *configs)
        set_pytorch_transformer(model, loaded)


def _forward(
    model: Any,
    docs: List[Doc],
    is_train: bool,
    *,
    read: Callable[[Any, List[Doc]], _Input],
    in_one_batch: bool,
) -> Tuple[FullTransformerBatch, Callable[[FullTransformerBatch], List[Doc]]]:
    given = read(model, docs)
    wordpieces = given.wordpieces
    device = model.transformer.device
    lengths = numpy.asarray(wordpieces.attention_mask.sum(axis=1), dtype="int64")
    budget = BATCH_PIECES.get(device.type, BATCH_PIECES["cuda"])
    if is_train and in_one_batch:
        budget = wordpieces.input_ids.size
    parts, outputs, callbacks = [], [], []
    for rows in batch_by_padded_size(lengths, budget):
        part = _take(wordpieces, rows, int(lengths[rows].max()))
        output, backprop_part = model.layers[0](part, is_train)
        parts.append(rows)
        outputs.append(output)
        callbacks.append((rows, part.input_ids.shape[1], backprop_part))

    def backprop(d_output: FullTransformerBatch) -> List[Doc]:
        # One array, for the hidden state: the others are for users to look at.
        d_hidden: Any = next(iter(d_output.model_output.values()))
        for rows, length, backprop_part in callbacks:
            backprop_part(ModelOutput(output_0=d_hidden[rows, :length].contiguous()))
        return docs

    merged = _merge(outputs, parts, wordpieces.input_ids.shape)
    return FullTransformerBatch(given.spans, wordpieces, merged, given.align), backprop


def _read_windows(model: Any, docs: List[Doc]) -> _Input:
    tokenizer = model.tokenizer
    special = find_special_pieces(tokenizer)
    size = longest_window(tokenizer, model.transformer) - len(special)
    context = min(CONTEXT, size // 8)
    pieces = shorten_tokens(split_into_wordpieces(tokenizer, docs), size - 2 * context)
    windows, n_windows = _fill_blank(make_windows(pieces, size, context), pieces, docs)
    ids: Any
    mask: Any
    ids, mask = pad_windows(pieces, windows, special, numpy.arange(len(windows.starts)))
    n_pieces = pieces.n_pieces
    # From a piece's number to its place in `ids`, flattened.
    shifts = numpy.arange(len(ids)) * ids.shape[1] + len(special.before) - windows.starts
    firsts = pieces.first + shifts[windows.of_token] - (numpy.cumsum(n_pieces) - n_pieces)
    places = numpy.repeat(firsts, n_pieces) + numpy.arange(n_pieces.sum())
    wordpieces = WordpieceBatch(
        strings=[tokenizer.convert_ids_to_tokens(row) for row in ids],
        input_ids=ids,
        attention_mask=mask,
        lengths=mask.sum(axis=1).astype("int64").tolist(),
        token_type_ids=None,
    )
    as_int: Any = partial(numpy.asarray, dtype="int32")
    align = Ragged(as_int(places), as_int(n_pieces))
    return _Input(_as_spans(docs, pieces, windows, n_windows), wordpieces, align)


def _fill_blank(
    windows: Windows, pieces: Wordpieces, docs: Sequence[Doc]
) -> Tuple[Windows, List[int]]:
    """Give documents of nothing but whitespace a window, too, and count each one's windows."""
    doc_starts = numpy.concatenate([[0], pieces.doc_ends[:-1]])
    from_, until = (numpy.searchsorted(windows.starts, at) for at in (doc_starts, pieces.doc_ends))
    starts: List[int] = []
    ends: List[int] = []
    counts: List[int] = []
    places = numpy.zeros(len(windows.starts), dtype="int64")
    for doc, start, first, last in zip(docs, doc_starts, from_, until):
        places[first:last] = len(starts) + numpy.arange(last - first)
        is_blank = first == last and len(doc) > 0
        starts += [start] if is_blank else windows.starts[first:last].tolist()
        ends += [start] if is_blank else windows.ends[first:last].tolist()
        counts.append(last - first + int(is_blank))
    of_token = places[windows.of_token] if len(places) else numpy.zeros_like(windows.of_token)
    return Windows(numpy.asarray(starts), numpy.asarray(ends), of_token), counts


def _as_spans(
    docs: Sequence[Doc], pieces: Wordpieces, windows: Windows, n_windows: Sequence[int]
) -> List[List[Span]]:
    spans: List[List[Span]] = []
    window = token = 0
    for doc, n in zip(docs, n_windows):
        first, last = (a[token : token + len(doc)] for a in (pieces.first, pieces.last))
        begins = numpy.searchsorted(first, windows.starts[window : window + n])
        ends = numpy.searchsorted(last, windows.ends[window : window + n], side="right")
        # All of the document, with the whitespace around it.
        begins[:1], ends[-1:] = 0, len(doc)
        spans.append([doc[begin:end] for begin, end in zip(begins.tolist(), ends.tolist())])
        window, token = window + n, token + len(doc)
    return spans


def _read_spans(model: Any, docs: List[Doc]) -> _Input:
    # As in spacy_transformers.layers.transformer_model.forward, which does all in one.
    spans = [[s for s in of_doc if len(s)] for of_doc in model.attrs["get_spans"](docs)]
    flat = [span for of_doc in spans for span in of_doc]
    encoded = huggingface_tokenize(model.tokenizer, [span.text for span in flat])
    wordpieces = WordpieceBatch.from_batch_encoding(encoded)
    if "offset_mapping" in encoded:
        align = get_alignment_via_offset_mapping(flat, encoded["offset_mapping"])
    else:
        align = get_alignment(flat, wordpieces.strings, model.tokenizer.all_special_tokens)
    longest = longest_window(model.tokenizer, model.transformer)
    if wordpieces.input_ids.shape[1] > longest:
        warnings.warn(
            f"A span of {wordpieces.input_ids.shape[1]} wordpieces is longer than the encoder's "
            f"window ({longest}): what is beyond it is left out, and the tokens there get no "
            "vector. Leave 'get_spans' out of the block of the spacy_mtl.TransformerModel.v1, or "
            "make its spans shorter."
        )
    wordpieces, align = truncate_oversize_splits(wordpieces, align, longest)
    return _Input(spans, wordpieces, align)


def _take(wordpieces: WordpieceBatch, rows: numpy.ndarray, length: int) -> WordpieceBatch:
    def cut(array: Any) -> Any:
        return None if array is None else array[rows, :length]

    return WordpieceBatch(
        strings=[],
        input_ids=cut(wordpieces.input_ids),
        attention_mask=cut(wordpieces.attention_mask),
        lengths=[],
        token_type_ids=cut(wordpieces.token_type_ids),
    )


def _merge(
    outputs: Sequence[Any], parts: Sequence[numpy.ndarray], shape: Tuple[int, int]
) -> ModelOutput:
    """Put what came out of the micro-batches together, in the order that they were taken from."""
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


def _replace_listener(model: Any) -> Model:
    """Make a model of the library's own, with these weights: see the config below."""
    shim = model.layers[0].shims[0]
    get_spans = model.attrs["get_spans"]
    if get_spans is _whole_documents:
        get_spans = configure_strided_spans(128, 96)
    copied = TransformerModel(model.attrs["name"], get_spans)
    copied.layers[0].shims[0] = shim
    copied.attrs["has_transformer"] = True
    copied.set_dim("nO", shim._hfmodel.transformer.config.hidden_size)
    return chain(copied, split_trf_batch())


def _replace_listener_cfg(
    model_cfg: Dict[str, Any], listener_cfg: Dict[str, Any]
) -> Dict[str, Any]:
    spans = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96}
    result = {
        **model_cfg,
        "@architectures": "spacy-transformers.Tok2VecTransformer.v3",
        "get_spans": model_cfg.get("get_spans") or spans,
    }
    return {
        **{k: listener_cfg[k] for k in ("pooling", "grad_factor") if k in listener_cfg},
        **result,
    }

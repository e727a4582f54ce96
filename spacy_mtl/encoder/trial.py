"""A trial run of an encoder, as it will be called later, before any training."""

import inspect
from typing import Any, Iterator, Optional, Tuple

import numpy
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..loading import is_out_of_memory
from .batching import make_batches
from .layout import PaddedWindows
from .loading import EncoderError
from .mode import evaluate
from .reading import read
from .special import find_special_pieces
from .window_size import longest_window

#: The shortest window of wordpieces, including special ones.
SHORTEST_WINDOW = 8


def try_encoder(tokenizer: Any, network: Any, where: str, window: Optional[int] = None) -> int:
    """Run two texts through an encoder, one of which fills its window.

    tokenizer (PreTrainedTokenizerBase): The encoder's tokenizer.
    network (PreTrainedModel): The encoder.
    where (str): The config block that names it, for the error.
    window (Optional[int]): Wordpieces per window, if set.
    RETURNS (int): The width of its vectors.
    RAISES (EncoderError): If it can't be used, with the reason.
    """
    evaluate(network)
    for problem in (*_problems_of_network(network), *_problems_of_weights(network)):
        raise _error(network, where, problem)
    try:
        special = find_special_pieces(tokenizer, network)
        longest = longest_window(tokenizer, network)
    # Any error means that the tokenizer is unusable.
    except Exception as err:
        raise _error(
            network, where, f"its tokenizer ({type(tokenizer).__name__}) can't read a text: {err}"
        ) from err
    if longest < SHORTEST_WINDOW or longest - len(special) < 1:
        limits = f"model_max_length = {tokenizer.model_max_length} of its tokenizer, " + (
            "max_position_embeddings = "
            f"{getattr(network.config, 'max_position_embeddings', None)} of its config"
        )
        raise _error(
            network,
            where,
            f"it reads {longest} wordpieces at once, expected at least {SHORTEST_WINDOW} ({limits})"
            ". Set 'model_max_length' in tokenizer_config if the tokenizer's value is wrong",
        )
    for problem in _problems_of_vocabulary(tokenizer, network):
        raise _error(network, where, problem)
    return _run(tokenizer, network, where, window)


def _run(tokenizer: Any, network: Any, where: str, window: Optional[int]) -> int:
    import torch

    vocab = Vocab()
    docs = [Doc(vocab, words=["hello"]), Doc(vocab, words=["hello"] * 600)]
    reading = read(docs, tokenizer, network, window)
    if not len(reading.windows.starts):
        raise _error(network, where, "its tokenizer splits the word 'hello' into no wordpieces")
    chosen = next(make_batches(reading, 2 * reading.longest))
    windows: Any = chosen.windows
    assert isinstance(windows, PaddedWindows)
    device = next(network.parameters()).device
    given = {"input_ids": windows.ids, "attention_mask": windows.mask}
    given.update({} if windows.types is None else {"token_type_ids": windows.types})
    inputs = {key: torch.from_numpy(value).to(device) for key, value in given.items()}
    n_rows, length = windows.ids.shape
    try:
        with torch.no_grad():
            hidden: Any = getattr(network(**inputs), "last_hidden_state", None)
    # The network may raise anything.
    except Exception as err:
        if is_out_of_memory(err):
            raise
        raise _error(
            network,
            where,
            f"it fails on a text of {length} wordpieces: {type(err).__name__}: {str(err)[:500]}. "
            "If that is longer than it accepts, set 'model_max_length' in tokenizer_config",
        ) from err
    shape: Tuple = tuple(getattr(hidden, "shape", ()))
    if len(shape) != 3 or shape[:2] != (n_rows, length):
        found = f"one of shape {shape}" if shape else "none"
        raise _error(
            network,
            where,
            "it must return a 'last_hidden_state' with one vector per wordpiece, of shape "
            f"({n_rows}, {length}, width), but returns {found}",
        )
    if not numpy.isfinite(hidden.float().cpu().numpy()).all():
        raise _error(network, where, "its vectors for a text are NaN or infinite")
    return int(shape[-1])


def _problems_of_network(network: Any) -> Iterator[str]:
    taken = inspect.signature(network.forward).parameters
    main = getattr(network, "main_input_name", "input_ids")
    if "input_ids" not in taken or main != "input_ids":
        yield f"it reads {main!r}, not text ('input_ids')"
    elif "attention_mask" not in taken and not any(p.kind is p.VAR_KEYWORD for p in taken.values()):
        yield "it accepts no 'attention_mask', so it can't read padded texts"


def _problems_of_weights(network: Any) -> Iterator[str]:
    import torch

    for name, parameter in network.named_parameters():
        if parameter.is_floating_point() and not bool(torch.isfinite(parameter).all()):
            yield f"its weights are damaged: '{name}' has NaN or infinite values"


def _problems_of_vocabulary(tokenizer: Any, network: Any) -> Iterator[str]:
    try:
        embeddings = network.get_input_embeddings()
        n_rows = int(getattr(embeddings, "num_embeddings", 0) or len(embeddings.weight))
        highest = max(tokenizer.get_vocab().values())
    # Character encoders and networks of other kinds have neither.
    except (NotImplementedError, AttributeError, TypeError, ValueError):
        return
    if highest >= n_rows:
        yield (
            f"its tokenizer has wordpieces up to number {highest}, but it has only {n_rows} rows "
            "of embeddings: tokenizer and network belong to different encoders, or tokens were "
            "added to only one of them"
        )


def _error(network: Any, where: str, problem: str) -> EncoderError:
    name = network.config.name_or_path or "?"
    return EncoderError(
        f"The encoder '{name}' ({type(network).__name__}) can't be used: {problem}. Change 'name' "
        f"or its settings in {where}: it must be a text encoder with its own tokenizer, such "
        "as 'roberta-base'."
    )

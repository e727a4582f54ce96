"""Choosing the layers of a pipeline's encoders that are computed in int8."""

from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

import numpy
from spacy.language import Language
from spacy.tokens import Doc

from ..compat.spacy_transformers import objects_of
from ..compat.thinc import network_of
from ..encoder.calibration import Batch, calibrate, mean_cosine, read_batches
from ..encoder.copies import forget_copies
from ..encoder.int8 import Ranges, check_quantizable, quantized
from ..encoder.quantized_linear import LinearRange
from ..encoder.shim import EncoderShim
from ..encoder.static_int8 import with_int8_layers

#: About how many words are read for the ranges, and as many again to compare vectors.
_N_WORDS = 6000


@dataclass(frozen=True)
class Calibrated:
    """An encoder with the ranges of all its linear layers.

    ranges (Dict[str, LinearRange]): The ranges by layer.
    batches (List[Batch]): Other examples of what it reads, with its vectors in float32.
    """

    ranges: Dict[str, LinearRange]
    batches: List[Batch]


def encoders_of(nlp: Language) -> List[EncoderShim]:
    """RETURNS (List[EncoderShim]): The encoders of a pipeline, in its order."""
    pipes: List[Any] = [pipe for _, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)]
    shims = [shim for pipe in pipes for node in pipe.model.walk() for shim in node.shims]
    found = {id(shim): shim for shim in shims if isinstance(shim, EncoderShim)}
    return list(found.values())


def calibrate_encoders(shims: Sequence[EncoderShim], docs: Sequence[Doc]) -> List[Calibrated]:
    """Find the ranges of all linear layers of encoders.

    shims (Sequence[EncoderShim]): The encoders. They don't change.
    docs (Sequence[Doc]): Texts to read. If there are many, evenly spaced ones are read.
    RETURNS (List[Calibrated]): What was found, in the same order.
    RAISES (ValueError): If an encoder can't be quantized.
    """
    n_words = sum(map(len, docs))
    some = docs[:: max(1, n_words // (2 * _N_WORDS))]
    found = []
    for shim in shims:
        network: Any = network_of(shim)
        check_quantizable(network)
        objects: Any = objects_of(shim)
        batches = read_batches(some, objects.tokenizer, network)
        if not batches:
            raise ValueError(
                "The corpus has no text to find the ranges of activations from. Give one that has: "
                "--data CORPUS.spacy."
            )
        # They are sorted by length, so that both halves have all lengths.
        found.append(Calibrated(calibrate(network, batches[::2]), batches[1::2] or batches))
    return found


class LayerChoice:
    """The layers in int8: at first all, then without those that change the vectors most."""

    def __init__(
        self,
        shims: List[EncoderShim],
        calibrated: List[Calibrated],
        compute: Callable[[Any, Ranges, bool], Any] = lambda network, ranges, _: quantized(
            network, ranges
        ),
    ) -> None:
        """Choose all layers.

        shims (List[EncoderShim]): The encoders, with precision = "int8". Their `ranges` are set.
        calibrated (List[Calibrated]): Their ranges.
        compute (Callable[[Module, Mapping[str, LinearRange], bool], Callable]): Returns what
            computes an encoder in int8, with or without segments. By default PyTorch, which
            doesn't saturate as some processors do.
        """
        self.compute = compute
        self.encoders = list(zip(shims, calibrated))
        self.n_layers = sum(len(each.ranges) for each in calibrated)
        self.ranking: List[Tuple[int, str]] = []

    def sizes(self) -> Iterator[int]:
        """YIELDS (int): How many layers to leave out: 0, 1, 2, 4 and so on, at most half."""
        n = 0
        while n <= self.n_layers // 2:
            yield n
            n = 2 * n or 1

    def leave_out(self, n: int) -> float:
        """Set the layers in int8.

        n (int): How many layers to leave out.
        RETURNS (float): The mean cosine of vectors with those in float32: of the encoder where
            it is least.
        """
        if n and not self.ranking:
            self.ranking = self._rank()
        out = set(self.ranking[:n])
        for i, (shim, found) in enumerate(self.encoders):
            forget_copies(network_of(shim))
            shim.ranges = {k: v for k, v in found.ranges.items() if (i, k) not in out}
        cosines = [self._cosine(shim, found.batches) for shim, found in self.encoders]
        # NaN if one is.
        return float(numpy.min(cosines))

    def _cosine(self, shim: EncoderShim, batches: List[Batch]) -> float:
        has_types = "token_type_ids" in batches[0].given
        return mean_cosine(self.compute(network_of(shim), shim.ranges or {}, has_types), batches)

    def left_out(self) -> List[str]:
        """RETURNS (List[str]): The names of the layers that are not in int8."""
        return [
            name
            for shim, found in self.encoders
            for name in found.ranges
            if name not in (shim.ranges or {})
        ]

    def _rank(self) -> List[Tuple[int, str]]:
        """RETURNS (List): All layers, those first that change the vectors most in int8 alone."""
        cosines: Dict[Tuple[int, str], float] = {}
        for i, (shim, found) in enumerate(self.encoders):
            network: Any = network_of(shim)
            few = found.batches[:: max(1, len(found.batches) // 4)]
            for name, own in found.ranges.items():
                cosines[i, name] = mean_cosine(with_int8_layers(network, {name: own}), few)
        ranking = sorted(cosines, key=lambda layer: cosines[layer])
        best = dict(ranking)
        # Each encoder keeps its best layer in int8: with none, it could not be loaded.
        return sorted(ranking, key=lambda layer: best[layer[0]] == layer[1])

"""Quantizing the encoder of a trained pipeline to int8, and measuring what it costs each task."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from spacy.language import Language
from spacy.training import Example
from spacy.util import dot_to_object, registry

from ..joint.find import find_joint
from .inputs import InputError, load_pipeline, read_examples

#: The points (of 100) that a task may lose, by default.
MAX_LOSS = 0.3
#: The mean cosine of vectors with those in float32 for which layers are left out. With less, some
#: labels change by chance, more often for the worse, which small development sets don't show.
GOOD_COSINE = 0.9992
#: The least mean cosine if half of the layers are left out.
MIN_COSINE = 0.998

# Encoder architectures and their replacements.
_ARCHITECTURES = {
    "spacy_mtl.TransformerEncoder.": None,
    "spacy_mtl.TransformerModel.": None,
    "spacy_mtl.Tok2VecTransformer.": None,
    "spacy-transformers.TransformerModel.": "spacy_mtl.TransformerModel.v1",
    "spacy-transformers.Tok2VecTransformer.": "spacy_mtl.Tok2VecTransformer.v1",
}


class QuantizationError(ValueError):
    """A pipeline that can't be quantized or measured."""


@dataclass(frozen=True)
class TaskScore:
    """A task's score before and after quantization.

    task (str): The component.
    score (str): The key, such as "ents_f".
    before (float): The score before, in [0, 1].
    after (float): The score in int8.
    """

    task: str
    score: str
    before: float
    after: float

    @property
    def lost(self) -> float:
        """RETURNS (float): The loss in percentage points. Negative for a gain."""
        return 100 * (self.before - self.after)


@dataclass(frozen=True)
class Attempt:
    """Some layers in int8, and what it costs.

    n_left_out (int): How many linear layers were not in int8.
    cosine (float): The mean cosine of the vectors with those in float32.
    scores (List[TaskScore]): The scores before and after. Empty if the cosine is too small.
    speed (float): Words per second. 0.0 without scores.
    """

    n_left_out: int
    cosine: float
    scores: List[TaskScore]
    speed: float

    @property
    def worst(self) -> Optional[TaskScore]:
        """RETURNS (Optional[TaskScore]): The task that loses most."""
        return max(self.scores, key=lambda score: score.lost, default=None)


@dataclass(frozen=True)
class Quantized:
    """A pipeline in int8, not saved yet.

    nlp (Language): The pipeline.
    tried (List[Attempt]): All attempts. The last one is the pipeline.
    left_out (List[str]): The linear layers of the encoder that are not in int8.
    n_layers (int): The number of its linear layers.
    unmeasured (List[str]): Trainable components without a score: the corpus doesn't annotate
        them, or they have no scorer.
    speed_before (float): Words per second of the original pipeline.
    """

    nlp: Language
    tried: List[Attempt]
    left_out: List[str]
    n_layers: int
    unmeasured: List[str]
    speed_before: float

    @property
    def scores(self) -> List[TaskScore]:
        """RETURNS (List[TaskScore]): The scores before and after."""
        return self.tried[-1].scores


def quantize(
    pipeline: Union[str, Path],
    corpus: Optional[Path] = None,
    *,
    gold_preproc: bool = False,
    max_loss: float = MAX_LOSS,
) -> Quantized:
    """Quantize the encoder of a trained pipeline to int8, and measure the change in scores.

    The ranges of activations are found on the texts of the corpus. At first all linear layers
    are in int8. As long as a task loses too much, or the mean cosine of vectors is less than
    0.9992, the layers that change the vectors most are left out: 1, 2, 4 and so on, at most half
    of all.

    pipeline (Union[str, Path]): The name of an installed pipeline, or its folder.
    corpus (Optional[Path]): Annotated documents to measure on, a .spacy file or folder. By
        default the development corpus in the pipeline's config.
    gold_preproc (bool): Whether to use that corpus's own sentences and tokens.
    max_loss (float): The points (of 100) that a task may lose. If one loses more in all
        attempts, the last attempt is returned.
    RETURNS (Quantized): The pipeline and its scores.
    RAISES (InputError): If the pipeline or the corpus can't be read.
    RAISES (QuantizationError): If there is no such encoder, nothing to measure on, or vectors
        differ too much in all attempts.
    """
    # Imports torch.
    from ..encoder.openvino import NotConvertibleError, is_installed

    nlp = load_pipeline(pipeline)
    blocks = dict(_encoder_blocks(nlp.config["components"], "components"))
    if not blocks:
        raise QuantizationError(
            f"The pipeline '{pipeline}' has no transformer that can be quantized: no block of its "
            f"[components] has @architectures that start with {', '.join(_ARCHITECTURES)}."
        )
    if all(block.get("precision") == "int8" for block in blocks.values()):
        raise QuantizationError(f"The encoder of the pipeline '{pipeline}' is already in int8.")
    if not is_installed():
        raise QuantizationError(
            "Pipelines in int8 are computed by OpenVINO, which isn't installed: "
            "pip install 'spacy-mtl[openvino]'"
        )
    before = _score(nlp, _examples(nlp, corpus, gold_preproc))
    keys = list(_keys_of_tasks(nlp, before))
    if not keys:
        raise QuantizationError(
            "The corpus has no annotation for any task of the pipeline, so the effect of int8 "
            "can't be measured. Use another corpus: --data corpus.spacy"
        )
    in_int8 = load_pipeline(pipeline, dict(_settings(blocks)))
    choice = _calibrate(in_int8, _examples(in_int8, corpus, gold_preproc))
    if not choice.n_layers:
        raise QuantizationError(
            f"The encoder of the pipeline '{pipeline}' has no torch.nn.Linear to quantize."
        )
    tried = []
    sizes = list(choice.sizes())
    for n in sizes:
        try:
            cosine = choice.leave_out(n)
        except NotConvertibleError as err:
            raise QuantizationError(
                f"OpenVINO can't compute the encoder of the pipeline '{pipeline}' in int8: {err}. "
                "Use float32 or bfloat16 instead."
            ) from err
        scores: List[TaskScore] = []
        speed = 0.0
        if cosine >= (MIN_COSINE if n == sizes[-1] else GOOD_COSINE):
            after = _score(in_int8, _examples(in_int8, corpus, gold_preproc))
            scores = list(_compare(keys, before, after))
            speed = after["speed"]
        tried.append(Attempt(n, cosine, scores, speed))
        if scores and max(score.lost for score in scores) <= max_loss:
            break
    if not tried[-1].scores:
        raise QuantizationError(
            f"In int8 the vectors of the encoder have a mean cosine of {tried[-1].cosine:.4f} "
            f"with those in float32, although {tried[-1].n_left_out} of {choice.n_layers} layers "
            f"were left out; at least {MIN_COSINE} is needed. Use float32 or bfloat16 instead."
        )
    measured = {task for task, _ in keys}
    unmeasured = [
        name
        for name, pipe in nlp.pipeline
        if getattr(pipe, "is_trainable", False)
        and nlp.get_pipe_meta(name).default_score_weights
        and name not in measured
    ]
    performance = in_int8.meta.get("performance", {})
    scored = {score.score: score.after for score in tried[-1].scores}
    in_int8.meta["performance"] = {**performance, **scored}
    joint = find_joint(in_int8)
    if joint is not None:
        # It won't be trained anymore, and some weightings' states are as large as the encoder.
        joint[1].forget()
    left_out = choice.left_out()
    return Quantized(in_int8, tried, left_out, choice.n_layers, unmeasured, before["speed"])


def _settings(blocks: Dict[str, Dict[str, Any]]) -> Iterator[Tuple[str, Any]]:
    """YIELDS (Tuple[str, Any]): The settings of encoders in int8, by dotted key."""
    for path, block in blocks.items():
        yield f"{path}.@architectures", _replacement(block)
        yield f"{path}.precision", "int8"
        yield f"{path}.engine", "openvino"
        if block.get("mixed_precision"):
            # Mixed precision is for GPUs.
            yield f"{path}.mixed_precision", False


def _calibrate(nlp: Language, examples: List[Example]) -> Any:
    """RETURNS (LayerChoice): The layers of the pipeline's encoders."""
    from ..encoder.engine import int8_by_openvino
    from .layer_choice import LayerChoice, calibrate_encoders, encoders_of

    shims = encoders_of(nlp)
    try:
        calibrated = calibrate_encoders(shims, [eg.predicted for eg in examples])
        return LayerChoice(shims, calibrated, int8_by_openvino)
    except ValueError as err:
        raise QuantizationError(str(err)) from err


def _compare(
    keys: List[Tuple[str, str]], before: Dict[str, Any], after: Dict[str, Any]
) -> Iterator[TaskScore]:
    for task, key in keys:
        if not _is_number(after.get(key)):
            raise QuantizationError(
                f"In int8 '{task}' no longer has a score: '{key}' is {after.get(key)!r}, and was "
                f"{before[key]:.4f}. Use float32 or bfloat16 instead."
            )
        yield TaskScore(task, key, before[key], after[key])


def _encoder_blocks(block: Dict[str, Any], path: str) -> Iterator[Tuple[str, Dict[str, Any]]]:
    if str(block.get("@architectures", "")).startswith(tuple(_ARCHITECTURES)):
        yield path, block
    for key, value in block.items():
        if isinstance(value, dict):
            yield from _encoder_blocks(value, f"{path}.{key}")


def _replacement(block: Dict[str, Any]) -> str:
    name: str = block["@architectures"]
    found = next(new for prefix, new in _ARCHITECTURES.items() if name.startswith(prefix))
    return found or name


def _score(nlp: Language, examples: List[Example]) -> Dict[str, Any]:
    try:
        # Don't time the lazy set-up at the first text.
        list(nlp.pipe(eg.text for eg in examples[:1]))
        return nlp.evaluate(examples)
    except ValueError as err:
        raise QuantizationError(str(err)) from err


def _examples(nlp: Language, corpus: Optional[Path], gold_preproc: bool) -> List[Example]:
    instead = "Use another: --data corpus.spacy."
    if corpus is not None:
        return read_examples(nlp, corpus, gold_preproc=gold_preproc, instead=instead)
    try:
        config = nlp.config.interpolate()
        # Don't resolve the other corpora: they may not be on this machine.
        block = dot_to_object(config, config["training"]["dev_corpus"])
        return list(registry.resolve({"reader": block})["reader"](nlp))
    # Readers may raise anything if their files are missing.
    except Exception as err:
        raise InputError(
            f"The pipeline's own development corpus can't be read. {instead} The reader said: {err}"
        ) from err


def _keys_of_tasks(nlp: Language, scores: Dict[str, Any]) -> Iterator[Tuple[str, str]]:
    # A head's main score may differ from its factory's: see mtl_tagger.
    chosen = nlp.config["training"]["score_weights"]
    for task in nlp.pipe_names:
        weights = nlp.get_pipe_meta(task).default_score_weights or {}
        for key, weight in weights.items():
            if (weight or chosen.get(key)) and _is_number(scores.get(key)):
                yield task, key


def _is_number(score: Any) -> bool:
    # NaN would pass any comparison with the accepted loss.
    return isinstance(score, float) and math.isfinite(score)

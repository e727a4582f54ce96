"""Quantizing the encoder of a trained pipeline to int8, and measuring what it costs each task."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from spacy.language import Language
from spacy.training import Corpus, Example
from spacy.util import dot_to_object, load_model, registry

from ..joint.find import find_joint

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
class Quantized:
    """A pipeline in int8, not saved yet.

    nlp (Language): The pipeline.
    scores (List[TaskScore]): The scores before and after.
    unmeasured (List[str]): Trainable components without a score: the corpus doesn't annotate
        them, or they have no scorer.
    speed_before (float): Words per second of the original pipeline.
    speed_after (float): Words per second of this pipeline.
    """

    nlp: Language
    scores: List[TaskScore]
    unmeasured: List[str]
    speed_before: float
    speed_after: float


def quantize(
    pipeline: Union[str, Path], corpus: Optional[Path] = None, *, gold_preproc: bool = False
) -> Quantized:
    """Quantize the encoder of a trained pipeline to int8, and measure the change in scores.

    pipeline (Union[str, Path]): The name of an installed pipeline, or its folder.
    corpus (Optional[Path]): Annotated documents to measure on, a .spacy file or folder. By
        default the development corpus in the pipeline's config.
    gold_preproc (bool): Whether to use that corpus's own sentences and tokens.
    RETURNS (Quantized): The pipeline and its scores.
    RAISES (QuantizationError): If there is no such encoder, or nothing to measure on.
    """
    nlp = _load(pipeline, {})
    blocks = dict(_encoder_blocks(nlp.config["components"], "components"))
    if not blocks:
        raise QuantizationError(
            f"The pipeline '{pipeline}' has no transformer that can be quantized: no block of its "
            f"[components] has @architectures that start with {', '.join(_ARCHITECTURES)}."
        )
    if all(block.get("precision") == "int8" for block in blocks.values()):
        raise QuantizationError(f"The encoder of the pipeline '{pipeline}' is already in int8.")
    overrides: Dict[str, Any] = {}
    for path, block in blocks.items():
        overrides[f"{path}.precision"] = "int8"
        overrides[f"{path}.@architectures"] = _replacement(block)
        if block.get("mixed_precision"):
            # Mixed precision is for GPUs.
            overrides[f"{path}.mixed_precision"] = False
    in_int8 = _load(pipeline, overrides)
    before, after = (_score(each, corpus, gold_preproc) for each in (nlp, in_int8))
    keys = list(_keys_of_tasks(nlp, before))
    for task, key in keys:
        if not _is_number(after.get(key)):
            raise QuantizationError(
                f"In int8 '{task}' no longer has a score: '{key}' is {after.get(key)!r}, and was "
                f"{before[key]:.4f}. Use float32 or bfloat16 instead."
            )
    scores = [TaskScore(task, key, before[key], after[key]) for task, key in keys]
    measured = {score.task for score in scores}
    if not scores:
        raise QuantizationError(
            "The corpus has no annotation for any task of the pipeline, so the effect of int8 "
            "can't be measured. Use another corpus: --data corpus.spacy"
        )
    unmeasured = [
        name
        for name, pipe in nlp.pipeline
        if getattr(pipe, "is_trainable", False)
        and nlp.get_pipe_meta(name).default_score_weights
        and name not in measured
    ]
    performance = in_int8.meta.get("performance", {})
    in_int8.meta["performance"] = {**performance, **{s.score: s.after for s in scores}}
    joint = find_joint(in_int8)
    if joint is not None:
        # It won't be trained anymore, and some weightings' states are as large as the encoder.
        joint[1].forget()
    return Quantized(in_int8, scores, unmeasured, before["speed"], after["speed"])


def _load(pipeline: Union[str, Path], overrides: Dict[str, Any]) -> Language:
    try:
        return load_model(pipeline, config=overrides)
    except (OSError, ValueError) as err:
        raise QuantizationError(str(err)) from err


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


def _score(nlp: Language, corpus: Optional[Path], gold_preproc: bool) -> Dict[str, Any]:
    examples = _examples(nlp, corpus, gold_preproc)
    try:
        # Don't time the lazy set-up at the first text.
        list(nlp.pipe(eg.text for eg in examples[:1]))
        return nlp.evaluate(examples)
    except ValueError as err:
        raise QuantizationError(str(err)) from err


def _examples(nlp: Language, corpus: Optional[Path], gold_preproc: bool) -> List[Example]:
    if corpus is not None and not corpus.exists():
        raise QuantizationError(f"There is no corpus '{corpus}'.")
    try:
        if corpus is not None:
            return list(Corpus(corpus, gold_preproc=gold_preproc)(nlp))
        config = nlp.config.interpolate()
        # Don't resolve the other corpora: they may not be on this machine.
        block = dot_to_object(config, config["training"]["dev_corpus"])
        return list(registry.resolve({"reader": block})["reader"](nlp))
    # Readers may raise anything if their files are missing.
    except Exception as err:
        what = f"The corpus '{corpus}'" if corpus else "The pipeline's own development corpus"
        raise QuantizationError(
            f"{what} can't be read. Use another: --data corpus.spacy. The reader said: {err}"
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

"""A trained pipeline whose encoder computes in int8, and what that costs each task."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from spacy.language import Language
from spacy.training import Corpus, Example
from spacy.util import dot_to_object, load_model, registry

from ..joint.component import MultiTask

# Blocks of encoders, and what takes their place.
_ARCHITECTURES = {
    "spacy_mtl.TransformerEncoder.": None,
    "spacy_mtl.TransformerModel.": None,
    "spacy_mtl.Tok2VecTransformer.": None,
    "spacy-transformers.TransformerModel.": "spacy_mtl.TransformerModel.v1",
    "spacy-transformers.Tok2VecTransformer.": "spacy_mtl.Tok2VecTransformer.v1",
}


class QuantizationError(ValueError):
    """A pipeline that cannot be quantized, or not measured."""


@dataclass(frozen=True)
class TaskScore:
    """What a score of a task was, and is.

    task (str): The component.
    score (str): Such as "ents_f".
    before (float): What the pipeline had, in [0, 1].
    after (float): What it has in int8.
    """

    task: str
    score: str
    before: float
    after: float

    @property
    def lost(self) -> float:
        """RETURNS (float): The loss, in points: hundredths. Below zero for a gain."""
        return 100 * (self.before - self.after)


@dataclass(frozen=True)
class Quantized:
    """A pipeline in int8, not written yet.

    nlp (Language): It.
    scores (List[TaskScore]): What it costs.
    unmeasured (List[str]): Components that can be trained and have no score: the corpus does
        not annotate them, or they have no scorer.
    speed_before (float): Words a second of the pipeline as it was.
    speed_after (float): Those of this one.
    """

    nlp: Language
    scores: List[TaskScore]
    unmeasured: List[str]
    speed_before: float
    speed_after: float


def quantize(
    pipeline: Union[str, Path], corpus: Optional[Path] = None, *, gold_preproc: bool = False
) -> Quantized:
    """Have the encoder of a trained pipeline compute in int8, and measure what that costs.

    pipeline (Union[str, Path]): The name of an installed pipeline, or its folder.
    corpus (Optional[Path]): Annotated documents to measure on, as .spacy file or folder. By
        default the development corpus that the pipeline's config names.
    gold_preproc (bool): Whether to take the sentences and tokens of that corpus as they are.
    RETURNS (Quantized): The pipeline, and its scores.
    RAISES (QuantizationError): If there is no such encoder, or nothing to measure on.
    """
    nlp = _load(pipeline, {})
    blocks = dict(_encoder_blocks(nlp.config["components"], "components"))
    if not blocks:
        raise QuantizationError(
            f"The pipeline '{pipeline}' has no transformer that can be quantized: no block of its "
            f"[components] has @architectures that begin with {', '.join(_ARCHITECTURES)}."
        )
    if all(block.get("precision") == "int8" for block in blocks.values()):
        raise QuantizationError(f"The encoder of the pipeline '{pipeline}' is in int8 already.")
    overrides: Dict[str, Any] = {}
    for path, block in blocks.items():
        overrides[f"{path}.precision"] = "int8"
        overrides[f"{path}.@architectures"] = _replacement(block)
        if block.get("mixed_precision"):
            # That is for GPUs.
            overrides[f"{path}.mixed_precision"] = False
    in_int8 = _load(pipeline, overrides)
    before, after = (_score(each, corpus, gold_preproc) for each in (nlp, in_int8))
    keys = list(_keys_of_tasks(nlp, before))
    for task, key in keys:
        if not _is_number(after.get(key)):
            raise QuantizationError(
                f"In int8 '{task}' has no score any more: '{key}' is {after.get(key)!r}, and was "
                f"{before[key]:.4f}. Stay with float32 or bfloat16."
            )
    scores = [TaskScore(task, key, before[key], after[key]) for task, key in keys]
    measured = {score.task for score in scores}
    if not scores:
        raise QuantizationError(
            "The corpus has no annotation for any task of the pipeline, so nothing says what int8 "
            "costs. Name another corpus: --data corpus.spacy"
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
    for _, pipe in in_int8.components:
        if isinstance(pipe, MultiTask):
            # It is not trained any more, and some weightings know as much as the encoder is large.
            pipe.forget()
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
        # What is done at the first text only shall not count as time.
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
        # Not the other corpora: they need not be here.
        block = dot_to_object(config, config["training"]["dev_corpus"])
        return list(registry.resolve({"reader": block})["reader"](nlp))
    # Whatever a reader says that does not find its files.
    except Exception as err:
        what = f"The corpus '{corpus}'" if corpus else "The pipeline's own development corpus"
        raise QuantizationError(
            f"{what} cannot be read. Name another: --data corpus.spacy. The reader said: {err}"
        ) from err


def _keys_of_tasks(nlp: Language, scores: Dict[str, Any]) -> Iterator[Tuple[str, str]]:
    # A head may have another main score than its factory says: see mtl_tagger.
    chosen = nlp.config["training"]["score_weights"]
    for task in nlp.pipe_names:
        weights = nlp.get_pipe_meta(task).default_score_weights or {}
        for key, weight in weights.items():
            if (weight or chosen.get(key)) and _is_number(scores.get(key)):
                yield task, key


def _is_number(score: Any) -> bool:
    # NaN would pass any comparison with what may be lost.
    return isinstance(score, float) and math.isfinite(score)

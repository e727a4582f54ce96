"""The finished pipeline: what the training has made, without what only the training needs."""

from pathlib import Path
from typing import Any, Dict, Sequence

from spacy.language import Language
from thinc.api import Config

from ..tasks.scores import score_weights_of
from .opening import load_changed

#: The key of the saved settings of a head with its progress with a teacher.
_TEACHER = "teacher"


def finish(path: Path, before: Language, new: Sequence[str], keeps_old: bool) -> Language:
    """Load a trained pipeline without teachers, and with nothing frozen.

    path (Path): The folder of the trained pipeline.
    before (Language): The pipeline before the tasks were added.
    new (Sequence[str]): The new tasks.
    keeps_old (bool): Whether old tasks predict as before, so that their known scores still hold.
    RETURNS (Language): The pipeline. Its config names no other pipeline.
    """
    training: Dict[str, Any] = before.config.interpolate().get("training", {})

    def change(config: Config) -> None:
        for block in config["components"].values():
            if _TEACHER in block:
                block[_TEACHER] = None
        config["training"]["frozen_components"] = []
        annotating = list(training.get("annotating_components", []))
        config["training"]["annotating_components"] = annotating

    nlp = load_changed(path, change, interpolate=False)
    for _, pipe in nlp.components:
        getattr(pipe, "cfg", {}).pop(_TEACHER, None)
    if keeps_old:
        keys = {key for name in new for key in score_weights_of(nlp, name)}
        found: Dict[str, Any] = nlp.meta.get("performance", {})
        own = {key: value for key, value in found.items() if key in keys or _is_of(key, new)}
        nlp.meta["performance"] = {**_known_scores(before, nlp), **own}
    return nlp


def _known_scores(before: Language, after: Language) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The scores of the old pipeline, by the keys that its heads have
    now: with another head of their kind, they have prefixes."""
    names = [name for name in before.pipe_names if name in after.pipe_names]
    pairs = [(score_weights_of(nlp, name) for nlp in (before, after)) for name in names]
    renamed = {one: two for old, new in pairs for one, two in zip(old, new)}
    found: Dict[str, Any] = before.meta.get("performance", {})
    return {renamed.get(key, key): value for key, value in found.items()}


def _is_of(key: str, names: Sequence[str]) -> bool:
    return any(key == f"{name}_loss" or key.startswith(f"{name}_") for name in names)

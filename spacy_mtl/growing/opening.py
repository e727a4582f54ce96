"""Open a trained pipeline in the way in which a task is added to it."""

from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Optional

from spacy.language import Language
from spacy.util import get_model_meta, load_config, load_model_from_config
from thinc.api import Config

from ..joint.encoder_of_another import take_encoder
from ..joint.find import find_joint
from .ways import ALPHA, FREEZE, RANK, REHEARSE, GrowingError, Way

_HARD, _ADAPTERS = "spacy_mtl.HardSharing.v1", "spacy_mtl.Adapters.v1"
_INSIDE = "spacy_mtl.TransformerEncoder.v1"
#: The setting of schemes inside the encoder that leaves it as it is.
_FREEZES = "freeze_encoder"


def load_changed(
    path: Path,
    change: Callable[[Config], None],
    exclude: Iterable[str] = (),
    *,
    interpolate: bool = True,
) -> Language:
    """Load a pipeline with other settings. What it has learned must fit them.

    path (Path): Its folder.
    change (Callable[[Config], None]): Changes its config.
    exclude (Iterable[str]): Components that are made from the config, but not loaded.
    interpolate (bool): Whether the variables of the config are replaced by their values, so that
        other blocks can be changed without changing components.
    RETURNS (Language): The pipeline.
    """
    config = load_config(path / "config.cfg", interpolate=interpolate)
    change(config)
    nlp = load_model_from_config(config, meta=get_model_meta(path))
    # It would read the config once more, without the changes.
    return nlp.from_disk(path, exclude=["config", *exclude])


def open_pipeline(before: Language, way: Way, new: List[str]) -> Language:
    """Open the pipeline once more, so that tasks can be added to it.

    before (Language): The pipeline, with a joint component.
    way (Way): How tasks are added.
    new (List[str]): Their names.
    RETURNS (Language): The pipeline. It predicts the same.
    RAISES (GrowingError): If an adapter isn't possible.
    """
    found = find_joint(before)
    assert found is not None
    name, joint = found
    if way.name == FREEZE:
        return load_changed(way.pipeline, lambda config: None)
    if way.name == REHEARSE:

        def thaw(config: Config) -> None:
            model = config["components"][name]["model"]
            if model.get(_FREEZES):
                model[_FREEZES] = False

        return load_changed(way.pipeline, thaw)
    block = before.config.interpolate()["components"][name]["model"]
    scheme = block.get("@architectures")
    if scheme == _ADAPTERS:
        _check_same(block, way)

        def extend(config: Config) -> None:
            model = config["components"][name]["model"]
            model[_FREEZES] = True
            if model.get("tasks"):
                model["tasks"] = [*model["tasks"], *new]

        return load_changed(way.pipeline, extend)
    encoder = block.get("tok2vec", {})
    if scheme != _HARD or encoder.get("@architectures") != _INSIDE:
        raise GrowingError(_not_possible(name, block))
    own = {"rank": way.rank or RANK, "alpha": way.alpha or ALPHA, "tasks": new}
    adapters: Dict[str, Any] = {"@architectures": _ADAPTERS, "tok2vec": encoder, **own}
    adapters[_FREEZES] = True

    def replace(config: Config) -> None:
        config["components"][name]["model"] = adapters

    nlp = load_changed(way.pipeline, replace, [name])
    changed = find_joint(nlp)
    assert changed is not None
    take_encoder(changed[1], joint)
    return nlp


def _check_same(block: Dict[str, Any], way: Way) -> None:
    for key, value in (("rank", way.rank), ("alpha", way.alpha)):
        if value is not None and value != block.get(key):
            raise GrowingError(
                f"--{key} is {value}, but the adapters of the pipeline have {block.get(key)}, "
                f"which is one setting for all of them. Leave out --{key}."
            )


def _not_possible(name: str, block: Dict[str, Any]) -> str:
    encoder: Optional[str] = block.get("tok2vec", {}).get("@architectures")
    if block.get("@architectures") != _HARD:
        why = f"shares by {block.get('@architectures')}"
    else:
        why = f"has the encoder {encoder}"
        why += ", outside of it" if encoder and "Listener" in encoder else ""
    return (
        f"--adapter isn't possible: it needs {_HARD} or {_ADAPTERS} with a {_INSIDE} in "
        f"[components.{name}.model], but '{name}' of the pipeline {why}. Use --freeze, which also "
        "leaves the old tasks as they are, or --rehearse."
    )

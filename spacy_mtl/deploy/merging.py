"""Pipelines whose adapters are folded into the encoder."""

import copy
from typing import Any, Callable, List, Set

from spacy.language import Language
from spacy.util import load_model_from_config
from thinc.api import Config

from ..joint.encoder_of_another import take_encoder
from ..joint.find import find_joint
from ..tasks.scores import score_weights_of

_HARD = "spacy_mtl.HardSharing.v1"


def fold(network: Any, task: str) -> None:
    """Add the low-rank matrices of a task to the weights of its encoder.

    network (AdaptersNetwork): The network of adapters. Its encoder is changed.
    task (str): The task.
    """
    import torch

    from ..encoder.copies import forget_copies
    from ..encoder.upper import upper_part
    from ..sharing.adapter_modules import merged, names_in

    layers = upper_part(network.encoder.network, network.n_layers)
    adapter = network.adapters[task]
    with torch.no_grad():
        for name in names_in(adapter):
            linear: Any = layers.get_submodule(name)
            linear.weight += merged(adapter, name, network.scale)
    forget_copies(network.encoder.network)


def with_hard_sharing(
    nlp: Language, mtl: str, task: str, change: Callable[[Any], None]
) -> Language:
    """Copy a pipeline with one of its heads, and without a sharing scheme.

    nlp (Language): The pipeline. Not changed.
    mtl (str): The name of its joint component.
    task (str): The name of the head to keep.
    change (Callable[[SharingNetwork], None]): Changes the scheme's network, and with it the
        encoder, in a copy.
    RETURNS (Language): The new pipeline.
    """
    copied = load_model_from_config(nlp.config, vocab=nlp.vocab).from_bytes(nlp.to_bytes())
    others = [other for other in _joint_of(copied).tasks if other != task]
    kept = {key for name in copied.pipe_names if name not in others for key in _keys(copied, name)}
    gone = {key for name in others for key in _keys(copied, name)} - kept
    for other in others:
        copied.remove_pipe(other)
    joint = _joint_of(copied)
    change(joint.scheme.network)
    config = copied.config.copy()
    block = config["components"][mtl]["model"]
    config["components"][mtl]["model"] = {"@architectures": _HARD, "tok2vec": block["tok2vec"]}
    _forget_others(config, mtl, copied.component_names, gone)
    meta = copy.deepcopy(nlp.meta)
    known = meta.get("performance", {}).items()
    gone.update(f"{other}_loss" for other in others)
    meta["performance"] = {key: value for key, value in known if key not in gone}
    found = load_model_from_config(config, meta=meta, vocab=nlp.vocab)
    old: Any = copied.tokenizer
    new: Any = found.tokenizer
    if hasattr(old, "to_bytes"):
        new.from_bytes(old.to_bytes())
    for name, pipe in copied.components:
        if name != mtl and hasattr(pipe, "to_bytes"):
            found.get_pipe(name).from_bytes(pipe.to_bytes())  # type: ignore[attr-defined]
    take_encoder(_joint_of(found), joint)
    return found


def _keys(nlp: Language, name: str) -> Set[str]:
    return set(score_weights_of(nlp, name))


def _forget_others(config: Config, mtl: str, names: List[str], scores: Set[str]) -> None:
    """Leave out of the training's settings what isn't in the pipeline any more."""
    training = config["training"]
    weights_of_scores = training["score_weights"].items()
    training["score_weights"] = {k: value for k, value in weights_of_scores if k not in scores}
    for reader in config["corpora"].values():
        for corpus in reader.get("corpora", {}).values():
            if isinstance(corpus.get("tasks"), list):
                corpus["tasks"] = [name for name in corpus["tasks"] if name in names]
    for key in ("frozen_components", "annotating_components"):
        training[key] = [name for name in training[key] if name in names]
    weighting = config["components"][mtl].get("weighting") or {}
    if isinstance(weighting.get("weights"), dict):
        weights = weighting["weights"].items()
        weighting["weights"] = {name: value for name, value in weights if name in names}


def _joint_of(nlp: Language) -> Any:
    joint = find_joint(nlp)
    assert joint is not None
    return joint[1]

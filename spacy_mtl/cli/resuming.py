"""Resume a training from its checkpoint, if nothing has changed that it depends on."""

from typing import Any, Dict, List

from spacy.language import Language
from thinc.api import Config
from wasabi import msg

from .errors import CommandError

# Settings that may change when a training is resumed.
_END = ("max_steps", "patience")


def load_resumed(
    checkpoint: Any,
    meta: Dict[str, Any],
    training: Dict[str, Any],
    differ: bool,
    n_ranks: int = 1,
) -> Language:
    """Load the pipeline of a checkpoint, if the training is still the same.

    checkpoint (Checkpoint): The checkpoint.
    meta (Dict[str, Any]): The config, data and machine now.
    training (Dict[str, Any]): The block [training], whose end may have changed.
    differ (bool): Whether data, libraries and machine may have changed.
    n_ranks (int): The number of ranks now. If it has changed, so have their threads.
    RETURNS (Language): The pipeline.
    RAISES (CommandError): If something has changed that must not.
    RAISES (CheckpointError): If the checkpoint is damaged.
    """
    _check_same(checkpoint, meta, differ, n_ranks, damaged=checkpoint.check())
    nlp: Language = checkpoint.load_pipeline()
    nlp.config["training"].update({key: training[key] for key in _END if key in training})
    msg.good(f"Resuming after {checkpoint.step} steps: {checkpoint.path}")
    return nlp


def _check_same(
    checkpoint: Any, meta: Dict[str, Any], differ: bool, n_ranks: int, damaged: List[str]
) -> None:
    before = checkpoint.read_meta()
    has_other_ranks = before.get("ranks", 1) != n_ranks
    then, now = (Config().from_str(each["config"]) for each in (before, meta))
    changed = [name for name in _changes(then, now) if name not in {f"training.{k}" for k in _END}]
    if changed:
        raise CommandError(
            f"The config differs from that of {checkpoint.path}: {', '.join(changed)}",
            "Resume with the config (and overrides) that the training began with, or start a new "
            "training with another --output.",
        )
    other = [
        f"{key} {meta[part].get(key)} instead of {before[part].get(key)}"
        + (" bytes" if part == "data" else "")
        for part in ("data", "machine")
        for key in {**before[part], **meta[part]}
        if meta[part].get(key) != before[part].get(key)
        and not (has_other_ranks and key == "threads")
    ]
    # In that case, its information about machine and data may be wrong.
    other += [f"{checkpoint.path.name}/{text}" for text in damaged]
    if not other:
        return
    text = f"Conditions have changed since the training began: {', '.join(other)}"
    if not differ:
        raise CommandError(
            text,
            "Numbers may differ in the last digits, and therefore the final results. Resume anyway "
            "with --differ, or restore the conditions (threads: OMP_NUM_THREADS).",
        )
    msg.warn(text, "Results may differ from those of an uninterrupted training.")


def _changes(before: Dict[str, Any], now: Dict[str, Any], path: str = "") -> List[str]:
    found = []
    for key in {**before, **now}:
        name = f"{path}.{key}" if path else key
        one, other = before.get(key), now.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += _changes(one, other, name)
        elif one != other:
            found.append(name)
    return found

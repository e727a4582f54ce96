"""Check that the numbers in [training] make sense."""

from typing import Any, Dict, List

from ..hints import is_finite, shortened

#: The minimum of each number, and its meaning.
_LEAST = {
    "eval_frequency": (1, "steps between evaluations"),
    "accumulate_gradient": (1, "parts that a batch is split into"),
    "patience": (0, "steps without a better score, 0 for no limit"),
    "max_steps": (0, "steps, 0 for no limit"),
    "max_epochs": (-1, "passes, 0 for no limit, -1 for a streamed corpus"),
}
#: The maximum that numpy accepts.
_MOST_SEED = 2**32 - 1


def check_training(settings: Dict[str, Any]) -> None:
    """Check the numbers in [training], whose types are mostly checked by spaCy.

    settings (Dict[str, Any]): The block, possibly incomplete.
    RAISES (ValueError): If numbers are out of range. The message lists all of them.
    """
    found: List[str] = []
    for key, (least, meaning) in _LEAST.items():
        value = settings.get(key, least)
        if _is_number(value) and not value >= least:
            found.append(f"'{key}' is {shortened(value)}, but must be {least} or more ({meaning})")
    dropout = settings.get("dropout", 0.0)
    if _is_number(dropout) and not 0 <= dropout < 1:
        found.append(f"'dropout' is {shortened(dropout)}, but must be from 0 to below 1")
    # These two are used before spaCy checks their types.
    seed: Any = settings.get("seed")
    if seed is not None and not (_is_whole(seed) and 0 <= seed <= _MOST_SEED):
        found.append(
            f"'seed' is {shortened(seed)}, but must be an integer from 0 to {_MOST_SEED} or null"
        )
    weights = settings.get("score_weights")
    for name, weight in weights.items() if isinstance(weights, dict) else ():
        if weight is not None and not (_is_number(weight) and is_finite(weight)):
            found.append(
                f"'{name}' in [training.score_weights] is {shortened(weight)}, not a finite number"
            )
    if found:
        raise ValueError(f"Fix [training]: {'; '.join(found)}.")


def check_corpora(config: Dict[str, Any]) -> None:
    """Check that the corpora named in [training] are blocks with readers.

    config (Dict[str, Any]): The interpolated config.
    RAISES (ValueError): If one is missing, or isn't a block with a reader.
    """
    for key in ("train_corpus", "dev_corpus"):
        name = config.get("training", {}).get(key)
        if name is None:
            # Its default is filled in later.
            continue
        block: Any = config
        for part in str(name).split("."):
            block = block.get(part) if isinstance(block, dict) else None
        if not isinstance(block, dict) or "@readers" not in block:
            corpora = config.get("corpora")
            there = [f"corpora.{each}" for each in corpora] if isinstance(corpora, dict) else []
            raise ValueError(
                f"'{key}' in [training] is {shortened(name)}, but there is no block of that name "
                f"with @readers. There are: {', '.join(there) or 'no [corpora]'}. Fix '{key}', "
                f"or add [{name or 'corpora.train'}]."
            )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

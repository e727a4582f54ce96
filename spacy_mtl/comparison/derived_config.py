"""Make the config of a training on some of the tasks of another config."""

from typing import Any, Collection, Dict, List, Sequence, Set

from thinc.api import Config

_READER = "spacy_mtl.MultiCorpus.v1"
_LOGGER = "spacy_mtl.ConsoleLogger.v1"


def derive_config(
    config: Config,
    joint: str,
    all_tasks: Sequence[str],
    tasks: Sequence[str],
    *,
    seed: int,
    log: str,
    score_keys: Collection[str],
) -> Config:
    """Make the config of a training on some of the tasks.

    Removes the other heads, what the joint component and the corpora say about them, and corpora
    that only annotate them. A single task is trained by its plain loss on the encoder as it is: it
    has no one to share with. Training ends after the given steps, without patience.

    config (Config): The complete, interpolated config of all tasks. It isn't changed.
    joint (str): The name of the joint component.
    all_tasks (Sequence[str]): The names of all tasks.
    tasks (Sequence[str]): Those to train.
    seed (int): The seed.
    log (str): The file for the log.
    score_keys (Collection[str]): The scores that these tasks report.
    RETURNS (Config): The config.
    """
    derived = config.copy()
    others = [task for task in all_tasks if task not in tasks]
    if others:
        _drop_components(derived, others)
        _keep_scores(derived, score_keys)
        block = derived["components"][joint]
        for key in block.keys() - {"factory", "source"}:
            if key != "model":
                block[key] = without(block[key], others)
        if "model" in block:
            encoder = block["model"].get("tok2vec")
            block["model"] = without(block["model"], others)
            if encoder is not None:
                block["model"]["tok2vec"] = encoder
        if len(tasks) == 1:
            _train_alone(block)
        for key in ("train_corpus", "dev_corpus"):
            _drop_from_corpus(derived, derived["training"][key], others)
    training = derived["training"]
    training["patience"] = 0
    training["seed"] = seed
    training["logger"] = {
        "@loggers": _LOGGER,
        "progress_bar": None,
        "console_output": True,
        "output_file": log,
    }
    return derived


def without(block: Any, names: Collection[str]) -> Any:
    """Copy a block without entries for some names.

    block (Any): A dict, list, or anything else.
    names (Collection[str]): The names.
    RETURNS (Any): The copy: dicts without these keys, lists without these texts, and without what
        is about nobody else, such as a list of only these, or a phase of a schedule for them.
    """
    found = _without(block, names)
    return type(block)() if found is _NOTHING else found


#: What is left of a list that has only names to remove.
_NOTHING = object()


def _without(block: Any, names: Collection[str]) -> Any:
    if isinstance(block, dict):
        found = {key: _without(value, names) for key, value in block.items() if key not in names}
        return {key: value for key, value in found.items() if value is not _NOTHING}
    if isinstance(block, list):
        kept = [_without(each, names) for each in block if not _is_about(each, names)]
        return kept if kept or not block else _NOTHING
    return block


def _is_about(value: Any, names: Collection[str]) -> bool:
    """RETURNS (bool): Whether an item of a list is about these names only."""
    if isinstance(value, dict):
        return any(_without(each, names) is _NOTHING for each in value.values())
    return _without(value, names) is _NOTHING or (isinstance(value, str) and value in names)


def _drop_components(config: Config, others: List[str]) -> None:
    nlp = config["nlp"]
    for key in ("pipeline", "disabled"):
        nlp[key] = [name for name in nlp.get(key, []) if name not in others]
    for key in ("frozen_components", "annotating_components"):
        found = config["training"].get(key, [])
        config["training"][key] = [name for name in found if name not in others]
    for blocks in (config["components"], config.get("initialize", {}).get("components", {})):
        for name in others:
            blocks.pop(name, None)


def _keep_scores(config: Config, keys: Collection[str]) -> None:
    """Keep the weights of scores that the tasks report, unless all of them are 0."""
    weights = config["training"].get("score_weights", {})
    kept = {key: weight for key, weight in weights.items() if key in keys}
    config["training"]["score_weights"] = kept if any(kept.values()) else {}


def _train_alone(block: Dict[str, Any]) -> None:
    encoder = block.get("model", {}).get("tok2vec")
    if encoder is not None:
        block["model"] = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": encoder}
    block["weighting"] = {"@mtl_weightings": "spacy_mtl.Constant.v1", "weights": {}}
    block.update(gradients=None, every=None)


def _drop_from_corpus(config: Config, name: str, others: List[str]) -> None:
    block: Any = config
    for part in name.split("."):
        block = block[part]
    if block.get("@readers") != _READER:
        return
    found: Dict[str, Any] = block["corpora"]
    kept = {}
    for corpus, settings in found.items():
        tasks = [task for task in settings["tasks"] if task not in others]
        if tasks:
            kept[corpus] = {**settings, "tasks": tasks}
    block["corpora"] = kept
    if block.get("schedule") is not None:
        gone = {corpus for corpus in found if corpus not in kept}
        block["schedule"] = _remaining_schedule(block["schedule"], gone, others, set(kept))


def _remaining_schedule(
    schedule: Dict[str, Any], gone: Set[str], others: List[str], corpora: Set[str]
) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The schedule without some corpora and tasks.

    Proportional if there is only one corpus, or if the schedule was about one of those tasks.
    """
    names = gone | (set(others) - corpora)
    is_about_them = any(isinstance(v, str) and v in names for v in schedule.values())
    if len(corpora) == 1 or is_about_them:
        return {"@mtl_schedules": "spacy_mtl.Proportional.v1"}
    return dict(without(schedule, names))

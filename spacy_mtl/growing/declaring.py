"""Declare what corpora annotate, so that no head takes another's annotation for its own."""

from itertools import count as numbers
from typing import Any, Dict, Iterable, List, Sequence

from spacy.language import Language
from spacy.util import registry
from thinc.api import Config

from ..report.corpora import CorpusCounts
from .survey import annotated
from .ways import GrowingError

MULTI = "spacy_mtl.MultiCorpus.v1"
#: The name of the corpus of a config that has only one.
_NEW = "new"


def declare(nlp: Language, key: str, counts: CorpusCounts, tasks: Sequence[str]) -> None:
    """Declare the tasks of a corpus that doesn't do so itself.

    nlp (Language): The pipeline with the blocks of the config, which are changed.
    key (str): "train_corpus" or "dev_corpus".
    counts (CorpusCounts): What the corpus annotates.
    tasks (Sequence[str]): The tasks to choose from.
    """
    block = _block(nlp, key)
    if block.get("@readers") != MULTI:
        corpora = {_NEW: {"path": block, "tasks": annotated(nlp, counts, tasks)}}
        _set_block(nlp, key, {"@readers": MULTI, "corpora": corpora})


def misleads(nlp: Language, counts: CorpusCounts, tasks: Sequence[str]) -> bool:
    """RETURNS (bool): Whether a corpus has annotation of a task's kind, but with other labels."""
    known = annotated(nlp, counts, tasks)
    return any(counts.tasks[task].n_texts and task not in known for task in tasks)


def add_corpus(nlp: Language, name: str, settings: Dict[str, Any]) -> str:
    """Add a corpus to those to train on, which have been declared.

    nlp (Language): The pipeline with the blocks of the config, which are changed.
    name (str): The name of the corpus, which gets a number if there is such a one.
    settings (Dict[str, Any]): Its settings.
    RETURNS (str): Its name.
    """
    block = _block(nlp, "train_corpus")
    free = _free(name, block["corpora"])
    _set_block(nlp, "train_corpus", {**block, "corpora": {**block["corpora"], free: settings}})
    return free


def set_schedule(nlp: Language, schedule: str, batcher: str) -> None:
    """Draw the corpora to train on by a schedule, in batches of all, unless they have one.

    nlp (Language): The pipeline with the blocks of the config, which are changed.
    schedule (str): The name of the schedule.
    batcher (str): The name of the batcher that follows it.
    """
    block = _block(nlp, "train_corpus")
    if block.get("schedule"):
        return
    _set_block(nlp, "train_corpus", {**block, "schedule": {"@mtl_schedules": schedule}})
    own = nlp.config["training"]["batcher"]
    if own.get("@batchers") != batcher:
        wrapped = {"@batchers": batcher, "mixed": True, "batcher": own}
        nlp.config["training"]["batcher"] = wrapped


def check_drawn(nlp: Language, name: str) -> None:
    """Reject a schedule that never draws a corpus that was added.

    nlp (Language): The pipeline with the blocks of the config.
    name (str): The name of the corpus.
    RAISES (GrowingError): If it gives it no share.
    """
    block: Any = Config(_block(nlp, "train_corpus")["schedule"]).copy()
    schedule = registry.resolve({"schedule": block})["schedule"]
    tasks = declared_tasks(nlp)
    if name in schedule.left_out(tasks):
        where = ".".join([*_path(nlp, "train_corpus"), "schedule"])
        raise GrowingError(
            f"The schedule in [{where}] of the config, {block['@mtl_schedules']}, never draws the "
            f"texts to rehearse: the corpus '{name}', which has the tasks "
            f"{', '.join(tasks[name])}. Give it a share (Weighted: by its name in 'shares'; "
            "Sequential: by one of its tasks in 'phases'), or remove the schedule: then all "
            "corpora have the same share of each batch."
        )


def undrawn(nlp: Language) -> Config:
    """Leave out the schedule, which may name a corpus that is added later.

    nlp (Language): The pipeline with the blocks of the config.
    RETURNS (Config): Its interpolated config.
    """
    config = nlp.config.interpolate()
    place: Any = config
    for part in _path(nlp, "train_corpus"):
        place = place[part] if isinstance(place, dict) and part in place else {}
    if isinstance(place, dict) and place.get("@readers") == MULTI:
        place["schedule"] = None
    return config


def declared_tasks(nlp: Language) -> Dict[str, List[str]]:
    """RETURNS (Dict[str, List[str]]): The tasks that each corpus to train on declares."""
    corpora = _block(nlp, "train_corpus")["corpora"]
    return {name: list(settings["tasks"]) for name, settings in corpora.items()}


def _block(nlp: Language, key: str) -> Dict[str, Any]:
    place: Any = nlp.config
    for part in _path(nlp, key):
        place = place[part]
    return dict(place)


def _set_block(nlp: Language, key: str, block: Dict[str, Any]) -> None:
    *path, last = _path(nlp, key)
    place: Any = nlp.config
    for part in path:
        place = place[part]
    place[last] = block


def _path(nlp: Language, key: str) -> List[str]:
    name: str = nlp.config["training"][key]
    return name.split(".")


def _free(name: str, taken: Iterable[str]) -> str:
    names = (name if n == 1 else f"{name}_{n}" for n in numbers(1))
    return next(each for each in names if each not in taken)

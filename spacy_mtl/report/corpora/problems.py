"""Find what will, or is likely to, go wrong with the corpora of a config."""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Dict, Iterator, List, Sequence

from spacy.language import Language
from spacy.util import registry

from ...joint.find import find_joint
from ...tasks.stock import task_of
from ...tasks.task import Task
from .counts import CorpusCounts, scored_tasks


@dataclass(frozen=True)
class Problem:
    """Something that will, or is likely to, go wrong.

    text (str): The description, in a sentence or two.
    keeps_from_training (bool): Whether a task gets no gradient.
    """

    text: str
    keeps_from_training: bool = False


def problems_of(
    nlp: Language,
    train: Dict[str, CorpusCounts],
    dev: Dict[str, CorpusCounts],
    mix: Dict[str, float],
) -> List[Problem]:
    """Find what will, or is likely to, go wrong.

    nlp (Language): The pipeline.
    train (Dict[str, CorpusCounts]): The training corpora.
    dev (Dict[str, CorpusCounts]): The development corpora.
    mix (Dict[str, float]): The shares of the training corpora.
    RETURNS (List[Problem]): The problems, task by task, then corpus by corpus.
    """
    tasks = list(dict.fromkeys(task for counts in train.values() for task in counts.tasks))
    others = [name for name in scored_tasks(nlp) if name not in tasks]
    found = [p for task in tasks + others for p in _problems_of_task(nlp, task, train, dev, mix)]
    found += [*_unfit(train, "training"), *_unfit(dev, "development")]
    return [*found, *_collisions(nlp, tasks, train), *_long_texts(train)]


def _problems_of_task(
    nlp: Language,
    task: str,
    train: Dict[str, CorpusCounts],
    dev: Dict[str, CorpusCounts],
    mix: Dict[str, float],
) -> Iterator[Problem]:
    corpora = {corpus: counts for corpus, counts in train.items() if task in counts.tasks}
    of_train, of_dev = _labels(train, task), _labels(dev, task)
    knows_labels = all(counts.tasks[task].knows_labels for counts in corpora.values())
    config = nlp.config.interpolate()
    why = ""
    if task in config["training"]["frozen_components"]:
        # This is intentional.
        yield Problem(f"'{task}' is in [training.frozen_components]: it gets no gradient.")
    elif task_of(nlp, task).has_teacher:
        # It learns from all texts.
        why = _problem_of_teacher(nlp, task, config, of_train)
    elif not corpora:
        why = "no training corpus lists it in 'tasks'"
    elif knows_labels and not of_train:
        why = "no text has any of its labels"
    elif not sum(mix.get(corpus, 0.0) for corpus in corpora):
        why = "its corpora have no share of the batches"
    if why:
        yield Problem(f"'{task}' gets no gradient: {why}.", keeps_from_training=True)
    for corpus, counts in corpora.items():
        if not counts.tasks[task].n_texts:
            yield Problem(
                f"'{task}' gets no gradient from '{corpus}', which declares it, but none of its "
                f"{counts.n_texts} texts has that annotation: training stops there.",
                keeps_from_training=True,
            )
    if _weights(nlp).get(task) == 0:
        yield Problem(f"'{task}' has weight 0: it does not move the encoder.")
    missing = sorted(set(of_dev) - set(of_train))
    if missing:
        n_units = sum(of_dev[label] for label in missing)
        yield Problem(
            f"'{task}': {len(missing)} labels of the development corpora are in no training "
            f"corpus, {n_units} times ({', '.join(missing[:5])}{', ...' if missing[5:] else ''})."
        )
    if not any(counts.tasks[task].n_texts for counts in dev.values() if task in counts.tasks):
        yield Problem(f"'{task}' has no annotation in the development corpora: no score.")


def _problem_of_teacher(nlp: Language, task: str, config: Any, of_train: Counter) -> str:
    """Say why a task can't learn from its teacher, or add the teacher's labels to those known.

    nlp (Language): The pipeline.
    task (str): The task.
    config (Dict[str, Any]): The config, without variables.
    of_train (Counter): The labels of the training corpora, which is changed.
    RETURNS (str): The reason. Empty if it can.
    """
    given = config["initialize"]["components"].get(task, {}).get("labels")
    labels = of_train if given is None else registry.resolve({"labels": given})["labels"]
    try:
        of_train.update(task_of(nlp, task).check_teacher(list(labels)))
    except ValueError as error:
        return str(error).rstrip(".")
    return ""


def _collisions(
    nlp: Language, tasks: Sequence[str], train: Dict[str, CorpusCounts]
) -> Iterator[Problem]:
    for task, other in combinations(tasks, 2):
        pair = task_of(nlp, task), task_of(nlp, other)
        kinds = pair[0].kinds & pair[1].kinds
        both = sorted(set(_labels(train, task)) & set(_labels(train, other)))
        # They collide whatever the labels.
        same = sorted(pair[0].output_keys() & pair[1].output_keys())
        if same:
            text = f"'{task}' and '{other}' both set {same[0]}: one would overwrite the other."
            # Two heads of this package are an error.
            are_heads = all(isinstance(nlp.get_pipe(t), Task) for t in (task, other))
            yield Problem(text, keeps_from_training=are_heads)
        elif kinds and both and pair[0].spans_key == pair[1].spans_key:
            yield Problem(
                f"'{task}' and '{other}' both have the labels {', '.join(both[:5])} "
                f"({', '.join(sorted(kinds))}): one would overwrite the other."
            )


def _unfit(corpora: Dict[str, CorpusCounts], kind: str) -> Iterator[Problem]:
    for corpus, counts in corpora.items():
        for task, found in counts.tasks.items():
            if found.n_unfit:
                yield Problem(
                    f"'{task}': {found.n_unfit} entities of the {kind} corpus '{corpus}' begin or "
                    "end with whitespace, or have no word or no label: they are trimmed to their "
                    "words, or left out."
                )


def _long_texts(train: Dict[str, CorpusCounts]) -> Iterator[Problem]:
    for corpus, counts in train.items():
        if counts.n_long:
            yield Problem(
                f"'{corpus}' has {counts.n_long} texts that are longer than the encoder's window: "
                "they are read in pieces."
            )


def _labels(corpora: Dict[str, CorpusCounts], task: str) -> Counter:
    total: Counter = Counter()
    for counts in corpora.values():
        if task in counts.tasks:
            total.update(counts.tasks[task].labels)
    return total


def _weights(nlp: Language) -> Dict[str, Any]:
    """Return the weights set in the config, if the weighting has any."""
    found = find_joint(nlp)
    return {} if found is None else dict(getattr(found[1].weighting, "weights", {}))

"""What the corpora of a config have, task by task: to be looked at before hours of training."""

import warnings
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence

from spacy.language import Language
from spacy.training import Example

from ..corpus.annotation import TaskGold
from ..corpus.reader import MultiCorpus
from ..corpus.sampler import Sampler
from ..tasks.stock import task_of
from ..tasks.task import Task


@dataclass
class TaskCounts:
    """What a corpus has of a task.

    n_texts (int): The texts with annotation for it.
    labels (Counter): How often each label is annotated: tokens, entities, texts.
    knows_labels (bool): Whether labels can be counted: not those of all stock components.
    n_unfit (int): The entities that begin or end with whitespace, or have no word or no label.
    """

    n_texts: int = 0
    labels: Counter = field(default_factory=Counter)
    knows_labels: bool = True
    n_unfit: int = 0


@dataclass
class CorpusCounts:
    """What a corpus has.

    n_texts (int): Its texts, as often as they are read in a pass.
    n_tokens (int): Their tokens.
    tasks (Dict[str, TaskCounts]): By task.
    n_long (int): The texts that the encoder cannot read in one window. None if there is no
        encoder with windows.
    """

    n_texts: int = 0
    n_tokens: int = 0
    tasks: Dict[str, TaskCounts] = field(default_factory=dict)
    n_long: Optional[int] = None


@dataclass(frozen=True)
class Problem:
    """Something that will go wrong, or is likely to.

    text (str): A sentence or two.
    keeps_from_training (bool): Whether a task gets no gradient.
    """

    text: str
    keeps_from_training: bool = False


def count_corpus(
    nlp: Language, examples: Iterable[Example], tasks: Iterable[str], window: Optional["Window"]
) -> CorpusCounts:
    """Count what a corpus has.

    nlp (Language): The pipeline.
    examples (Iterable[Example]): The corpus.
    tasks (Iterable[str]): The tasks that it annotates.
    window (Optional[Window]): That of the encoder.
    RETURNS (CorpusCounts): The counts.
    """
    gold = {task: TaskGold(nlp, task) for task in tasks}
    counts = CorpusCounts(
        tasks={
            task: TaskCounts(knows_labels=found.task.knows_labels) for task, found in gold.items()
        }
    )
    if window is not None:
        counts.n_long = 0
    for example in examples:
        counts.n_texts += 1
        counts.n_tokens += len(example.predicted)
        if window is not None and counts.n_long is not None:
            counts.n_long += window.is_exceeded_by(example)
        for task, found in counts.tasks.items():
            found.n_texts += gold[task].is_in(example.reference)
            found.n_unfit += gold[task].task.count_unfit(example)
            for label in gold[task].labels(example):
                # Texts list the categories that they have not, too.
                found.labels[label] += example.reference.cats.get(label, 1.0) > 0
    return counts


@dataclass(frozen=True)
class Window:
    """How much an encoder reads at once.

    tokenizer (Any): Of transformers.
    size (int): In wordpieces, special ones included.
    """

    tokenizer: Any
    size: int

    def is_exceeded_by(self, example: Example) -> bool:
        """RETURNS (bool): Whether a text has more wordpieces."""
        # No wordpiece is shorter than a character.
        text = example.predicted.text
        return len(text) > self.size and len(self.tokenizer(text)["input_ids"]) > self.size


def window_of(nlp: Language) -> Optional[Window]:
    """RETURNS (Optional[Window]): That of the pipeline's transformer, if it has one."""
    for _, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        for node in model.walk() if model is not None else ():
            for shim in node.shims:
                found: Any = getattr(shim, "_hfmodel", None)
                tokenizer = getattr(found, "tokenizer", None)
                if tokenizer is not None:
                    longest = getattr(found.transformer.config, "max_position_embeddings", 512)
                    return Window(tokenizer, min(tokenizer.model_max_length, longest))
    return None


def mix_of(sampler: Sampler, n_batches: int, batch_size: float) -> Dict[str, float]:
    """Say what a schedule will give, as far as can be known before.

    sampler (Sampler): Newly made: it is drawn from. A dynamic schedule gives what it begins with.
    n_batches (int): How many batches.
    batch_size (float): The examples of a batch, about.
    RETURNS (Dict[str, float]): The share of the batches of each corpus.
    """
    totals = dict.fromkeys(sampler.sizes, 0.0)
    is_dynamic = sampler.schedule.needs_losses or sampler.schedule.needs_scores
    n_batches = min(n_batches, 1000) if is_dynamic else n_batches
    schedule = sampler.schedule
    for _ in range(n_batches):
        if is_dynamic:
            sampler.schedule = deepcopy(schedule)
        for corpus, share in sampler.shares(mixed=True).items():
            totals[corpus] += share / n_batches
            sampler.note(corpus, share * batch_size)
        sampler.step += 1
    return totals


def problems_of(
    nlp: Language,
    train: Dict[str, CorpusCounts],
    dev: Dict[str, CorpusCounts],
    mix: Dict[str, float],
) -> List[Problem]:
    """Find what will go wrong, or is likely to.

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


def planned_sampler(reader: MultiCorpus, counts: Dict[str, CorpusCounts]) -> Optional[Sampler]:
    """RETURNS (Optional[Sampler]): What draws from the corpora; None without a schedule."""
    if reader.schedule is None:
        return None
    sizes = {name: found.n_texts for name, found in counts.items()}
    with warnings.catch_warnings():
        # Who is never drawn is among the problems.
        warnings.simplefilter("ignore", UserWarning)
        return Sampler(reader.schedule, sizes, reader.corpora.tasks)


def scored_tasks(nlp: Language) -> List[str]:
    """RETURNS (List[str]): The components that are trained and have scores."""
    return [
        name
        for name in nlp.pipe_names
        if task_of(nlp, name).is_trainable and nlp.get_pipe_meta(name).default_score_weights
    ]


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
    why = ""
    if task in nlp.config.interpolate()["training"]["frozen_components"]:
        # Who wrote it there meant it.
        yield Problem(f"'{task}' is in [training.frozen_components]: it gets no gradient.")
    elif not corpora:
        why = "no training corpus names it in its 'tasks'"
    elif knows_labels and not of_train:
        why = "no text shows a label of it"
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


def _collisions(
    nlp: Language, tasks: Sequence[str], train: Dict[str, CorpusCounts]
) -> Iterator[Problem]:
    for task, other in combinations(tasks, 2):
        pair = task_of(nlp, task), task_of(nlp, other)
        kinds = pair[0].kinds & pair[1].kinds
        both = sorted(set(_labels(train, task)) & set(_labels(train, other)))
        # Whatever the labels.
        same = sorted(pair[0].output_keys() & pair[1].output_keys())
        if same:
            text = f"'{task}' and '{other}' both set {same[0]}: one would overwrite the other."
            # Two heads of this package are refused.
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
    for _, pipe in nlp.components:
        weighting = getattr(pipe, "weighting", None)
        if weighting is not None:
            return dict(getattr(weighting, "weights", {}))
    return {}

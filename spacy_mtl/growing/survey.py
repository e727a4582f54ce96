"""What the corpora of a config annotate, for old and new tasks."""

from dataclasses import dataclass
from itertools import islice
from typing import Any, Callable, Iterable, List, Optional, Sequence

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.util import registry, resolve_dot_names
from thinc.api import Config

from ..report.corpora import CorpusCounts, count_corpus
from ..tasks.stock import tasks_of
from ..train.corpora import explained_corpora
from ..train.settings import check_corpora, check_training
from .ways import GrowingError

Reader = Callable[[Language], Iterable[Example]]
#: The most texts that are looked at: a stream may have no end.
_MOST = 200_000


@dataclass(frozen=True)
class Corpora:
    """The corpora of a training.

    train (Callable[[Language], Iterable[Example]]): The reader of the texts to train on.
    dev (Callable[[Language], Iterable[Example]]): That of the texts to score on.
    is_streamed (bool): Whether the first may have no end.
    """

    train: Reader
    dev: Reader
    is_streamed: bool


def read_corpora(nlp: Language, config: Optional[Config] = None) -> Corpora:
    """Make the readers of a pipeline's config.

    nlp (Language): The pipeline.
    config (Optional[Config]): Another config, interpolated.
    RETURNS (Corpora): The readers.
    RAISES (ValueError): If [training] or [corpora] have mistakes.
    """
    config = nlp.config.interpolate() if config is None else config
    check_training(config["training"])
    check_corpora(config)
    settings: Any = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    train, dev = resolve_dot_names(config, [settings["train_corpus"], settings["dev_corpus"]])
    return Corpora(train, dev, settings["max_epochs"] == -1)


def count(nlp: Language, reader: Reader) -> CorpusCounts:
    """Count what a corpus annotates.

    nlp (Language): The pipeline.
    reader (Callable[[Language], Iterable[Example]]): The corpus.
    RETURNS (CorpusCounts): The counts for all tasks of the pipeline.
    RAISES (ValueError): If it can't be read.
    """
    with explained_corpora(nlp.config.interpolate()):
        return count_corpus(nlp, islice(reader(nlp), _MOST), list(tasks_of(nlp)), None)


def annotated(nlp: Language, counts: CorpusCounts, tasks: Iterable[str]) -> List[str]:
    """Find the tasks that a corpus annotates, by labels that they know.

    nlp (Language): The pipeline.
    counts (CorpusCounts): The counts of the corpus.
    tasks (Iterable[str]): The tasks to choose from.
    RETURNS (List[str]): Some of them. A task without labels so far takes any.
    """
    known = tasks_of(nlp)
    found = []
    for name in tasks:
        of_task, labels = counts.tasks[name], set(known[name].labels)
        fits = not of_task.knows_labels or not labels or bool(labels & set(of_task.labels))
        if of_task.n_texts and fits:
            found.append(name)
    return found


def check_counts(nlp: Language, train: CorpusCounts, dev: CorpusCounts, new: Sequence[str]) -> None:
    """Reject corpora that a new head can't learn from, or be scored on.

    nlp (Language): The pipeline.
    train (CorpusCounts): The texts to train on.
    dev (CorpusCounts): Those to score on.
    new (Sequence[str]): The new heads.
    RAISES (GrowingError): If there is no annotation of one.
    """
    training = nlp.config.interpolate()["training"]
    for key, counts in (("train_corpus", train), ("dev_corpus", dev)):
        block = training[key]
        if not counts.n_tokens:
            raise GrowingError(f"The corpus of [{block}] has no texts. Fix its 'path'.")
        is_taught = key == "train_corpus"
        for name in new:
            task = tasks_of(nlp)[name]
            if counts.tasks[name].n_texts or (is_taught and task.has_teacher):
                continue
            why = (
                "it has nothing to learn from"
                if is_taught
                else "the best pipeline can't be told from the first"
            )
            raise GrowingError(
                f"The corpus of [{block}] has no annotation for the new head '{name}' "
                f"({', '.join(sorted(task.gold_attributes()))}), so {why}. Fix its 'path', or the "
                f"factory and settings of [components.{name}]."
            )

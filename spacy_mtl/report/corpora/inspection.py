"""Look through the corpora of a config: what they have, how they are mixed, what goes wrong."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from spacy.language import Language
from spacy.util import registry

from ...corpus.batcher import CORPUS_BATCHER
from ...corpus.checks import check_stock, check_tasks
from ...corpus.reader import MultiCorpus
from ...corpus.sampler import Sampler
from ...train.corpora import explained_corpora
from .counts import CorpusCounts, count_corpus, scored_tasks
from .mix import mix_of, planned_sampler
from .problems import Problem, problems_of
from .window import Window

#: Batches of a schedule to simulate if the config sets no limit, and the maximum.
_N_BATCHES, _MOST = 10_000, 200_000


@dataclass(frozen=True)
class Inspection:
    """What was found in the corpora of a config.

    train (Dict[str, CorpusCounts]): The training corpora.
    dev (Dict[str, CorpusCounts]): The development corpora.
    mix (Dict[str, float]): The shares of the training corpora in the batches; empty without a
        schedule.
    problems (List[Problem]): What will, or is likely to, go wrong.
    """

    train: Dict[str, CorpusCounts]
    dev: Dict[str, CorpusCounts]
    mix: Dict[str, float]
    problems: List[Problem]

    @property
    def is_trainable(self) -> bool:
        """RETURNS (bool): Whether every task gets a gradient."""
        return not any(problem.keeps_from_training for problem in self.problems)


def inspect_corpora(
    nlp: Language,
    settings: Dict[str, Any],
    train_reader: Any,
    dev_reader: Any,
    window: Optional[Window],
) -> Inspection:
    """Read the corpora of a config once, without training.

    nlp (Language): The pipeline.
    settings (Dict[str, Any]): Its config, interpolated.
    train_reader (Callable): The reader of [training.train_corpus].
    dev_reader (Callable): The reader of [training.dev_corpus].
    window (Optional[Window]): The window of the encoder.
    RETURNS (Inspection): What was found.
    RAISES (ValueError): If training would stop at once.
    """
    training = settings["training"]
    with explained_corpora(settings):
        train = _count(nlp, train_reader, window)
        if isinstance(train_reader, MultiCorpus):
            check_stock(nlp, train_reader.corpora.specs.values())
        dev = _count(nlp, dev_reader, None)
    sampler = (
        planned_sampler(train_reader, train) if isinstance(train_reader, MultiCorpus) else None
    )
    mix = _mix(settings, train, sampler)
    found = [
        *_empty(training["train_corpus"], train, is_train=True),
        *_empty(training["dev_corpus"], dev, is_train=False),
        *problems_of(nlp, train, dev, mix),
    ]
    if sampler is None and training["batcher"]["@batchers"] == CORPUS_BATCHER:
        text = (
            f"{CORPUS_BATCHER} draws by a schedule, but {training['train_corpus']} is not a reader "
            "of several corpora with one: training stops there, and no task gets a gradient."
        )
        found.append(Problem(text, keeps_from_training=True))
    return Inspection(train, dev, mix if sampler is not None else {}, found)


def _count(nlp: Language, reader: Any, window: Optional[Window]) -> Dict[str, CorpusCounts]:
    if isinstance(reader, MultiCorpus):
        check_tasks(nlp, reader.corpora.specs.values())
        return {
            name: count_corpus(nlp, reader.corpora.read(nlp, name), spec.tasks, window)
            for name, spec in reader.corpora.specs.items()
        }
    return {"(all)": count_corpus(nlp, reader(nlp), scored_tasks(nlp), window)}


def _empty(name: str, corpora: Dict[str, CorpusCounts], is_train: bool) -> List[Problem]:
    if any(counts.n_texts for counts in corpora.values()):
        return []
    why = "training stops there" if is_train else "nothing can be scored"
    return [Problem(f"The corpus '{name}' has no texts: {why}.", keeps_from_training=is_train)]


def _mix(
    settings: Dict[str, Any], train: Dict[str, CorpusCounts], sampler: Optional[Sampler]
) -> Dict[str, float]:
    if sampler is None:
        return dict.fromkeys(train, 1.0)
    batch_size = _batch_size(settings, train)
    n_steps = _n_steps(settings["training"], train, batch_size)
    mix = mix_of(sampler, min(n_steps, _MOST), batch_size)
    # Later batches are unknown, so no share is 0.
    return {corpus: max(mix[corpus], 1e-9) for corpus in mix} if n_steps > _MOST else mix


def _n_steps(training: Dict[str, Any], train: Dict[str, CorpusCounts], batch_size: float) -> int:
    """Estimate the number of batches, unless patience ends training earlier."""
    limits = [training["max_steps"]] if training["max_steps"] else []
    if training["max_epochs"] > 0:
        n_texts = sum(counts.n_texts for counts in train.values())
        limits.append(max(1, round(training["max_epochs"] * n_texts / batch_size)))
    return min(limits, default=_N_BATCHES)


def _batch_size(settings: Dict[str, Any], corpora: Dict[str, CorpusCounts]) -> float:
    """Estimate the number of texts per batch, as its size is usually in words."""
    batcher = settings["training"]["batcher"]
    batcher = batcher.get("batcher", batcher)
    size = registry.resolve({"size": batcher.get("size", 1000)})["size"]
    size = next(iter(size)) if not isinstance(size, (int, float)) else size
    if "sequence" in str(batcher.get("@batchers")):
        return float(size)
    n_tokens = sum(counts.n_tokens for counts in corpora.values())
    n_texts = sum(counts.n_texts for counts in corpora.values())
    return size * n_texts / max(1, n_tokens)

"""`python -m spacy mtl debug-data`: show what the corpora of a config have before training."""

from pathlib import Path
from typing import Any, Dict, List, Optional

import typer
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.util import load_model_from_config, registry, resolve_dot_names
from wasabi import msg

from ..compat.spacy_cli import Arg, Opt, show_validation_error
from ..corpus.batcher import CORPUS_BATCHER
from ..corpus.checks import check_stock, check_tasks
from ..corpus.reader import MultiCorpus
from ..corpus.sampler import Sampler
from ..report.corpora import (
    CorpusCounts,
    Problem,
    Window,
    count_corpus,
    mix_of,
    planned_sampler,
    problems_of,
    scored_tasks,
    window_of,
)
from ..train.corpora import explained_corpora
from ..train.settings import check_training
from .config import check_overrides, load_code, overrides_of, read_config
from .errors import telling

#: Batches of a schedule to simulate if the config sets no limit, and the maximum.
_N_BATCHES, _MOST = 10_000, 200_000


@telling("Cannot read the corpora", {ValueError: "Training would stop at once"})
def debug_data_cli(
    ctx: typer.Context,
    config_path: Path = Arg(..., help="Path to config file", exists=True, dir_okay=False),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the config"
    ),
    n_labels: int = Opt(5, "--labels", "-l", help="Number of labels to show per task", min=0),
) -> None:
    """
    Show what the corpora of a config have for each task, and what is likely to go wrong.

    Reads all corpora once, without training. Exits with 1 if a task can't be trained.
    """
    load_code(code)
    config = read_config(config_path, ctx.args)
    with show_validation_error(config_path):
        nlp = load_model_from_config(config, auto_fill=True)
        check_overrides(nlp.config, overrides_of(ctx.args))
        settings = nlp.config.interpolate()
        registry.resolve(settings["training"], schema=ConfigSchemaTraining)
        names = [settings["training"]["train_corpus"], settings["training"]["dev_corpus"]]
        train_reader, dev_reader = resolve_dot_names(settings, names)
    window = window_of(nlp)
    check_training(settings["training"])
    with explained_corpora(settings):
        train = _count(nlp, train_reader, window)
        if isinstance(train_reader, MultiCorpus):
            check_stock(nlp, train_reader.corpora.specs.values())
        dev = _count(nlp, dev_reader, None)
    sampler = (
        planned_sampler(train_reader, train) if isinstance(train_reader, MultiCorpus) else None
    )
    mix = _mix(settings, train, sampler)
    msg.divider("Training corpora")
    _print_corpora(train, mix if sampler is not None else {}, n_labels)
    msg.divider("Development corpora")
    _print_corpora(dev, {}, n_labels)
    found = [*_empty(names[0], train, is_train=True), *_empty(names[1], dev, is_train=False)]
    found += problems_of(nlp, train, dev, mix)
    if sampler is None and settings["training"]["batcher"]["@batchers"] == CORPUS_BATCHER:
        text = (
            f"{CORPUS_BATCHER} draws by a schedule, but {names[0]} is not a reader of several "
            "corpora with one: training stops there, and no task gets a gradient."
        )
        found.append(Problem(text, keeps_from_training=True))
    msg.divider("Problems")
    for problem in found:
        msg.warn(problem.text)
    if not found:
        msg.good("None found: every task has annotation, and labels known from training")
    if any(problem.keeps_from_training for problem in found):
        raise typer.Exit(1)


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


def _print_corpora(corpora: Dict[str, CorpusCounts], mix: Dict[str, float], n_labels: int) -> None:
    rows = []
    for name, counts in corpora.items():
        share = f"{100 * mix[name]:.1f} %" if name in mix else "-"
        for task, found in counts.tasks.items():
            most = found.labels.most_common(n_labels)
            labels = ", ".join(f"{label} {n:,}" for label, n in most)
            labels += ", ..." if len(found.labels) > n_labels else ""
            of_all = f"{found.n_texts:,} of {counts.n_texts:,}"
            n_units = f"{sum(found.labels.values()):,}" if found.knows_labels else "-"
            rows.append((name, share, task, of_all, n_units, f"{len(found.labels)}", labels))
            name = share = ""
    # Units are tokens with a tag, entities, or categories of texts.
    header = ("corpus", "batches", "task", "texts annotated", "units", "labels", "most")
    aligns = ("l", "r", "l", "r", "r", "r", "l")
    msg.table(rows, header=header, aligns=aligns, divider=True)


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

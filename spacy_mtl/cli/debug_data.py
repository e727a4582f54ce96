"""`python -m spacy mtl debug-data`: show what the corpora of a config have before training."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, Optional

import typer
from spacy.schemas import ConfigSchemaTraining
from spacy.util import load_model_from_config, registry, resolve_dot_names
from wasabi import msg

from ..compat.spacy_cli import Arg, Opt, show_validation_error
from .config import load_code, overrides_of, read_config
from .errors import telling
from .outcome import Outcome, reporting


@reporting
@telling("Cannot read the corpora", {"ValueError": "Training would stop at once"})
def debug_data_cli(
    ctx: typer.Context,
    config_path: Path = Arg(..., help="Path to config file", exists=True, dir_okay=False),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the config"
    ),
    n_labels: int = Opt(5, "--labels", "-l", help="Number of labels to show per task", min=0),
) -> Outcome:
    """
    Show what the corpora of a config have for each task, and what is likely to go wrong.

    Reads all corpora once, without training. Exits with 1 if a task can't be trained.

    Example: python -m spacy mtl debug-data config.cfg --paths.train train.spacy
    """
    from ..report.corpora import inspect_corpora, window_of
    from ..train.settings import check_training

    load_code(code)
    config = read_config(config_path, overrides_of(ctx))
    with show_validation_error(config_path):
        nlp = load_model_from_config(config, auto_fill=True)
        settings = nlp.config.interpolate()
        registry.resolve(settings["training"], schema=ConfigSchemaTraining)
        names = [settings["training"]["train_corpus"], settings["training"]["dev_corpus"]]
        train_reader, dev_reader = resolve_dot_names(settings, names)
    window = window_of(nlp)
    check_training(settings["training"])
    found = inspect_corpora(nlp, settings, train_reader, dev_reader, window)
    return Outcome(
        _as_json(found), lambda: _print(found, n_labels), status=0 if found.is_trainable else 1
    )


def _as_json(found: Any) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): An `Inspection` as JSON."""
    from ..report.json_types import to_json_types

    return {
        "train": to_json_types({name: asdict(counts) for name, counts in found.train.items()}),
        "dev": to_json_types({name: asdict(counts) for name, counts in found.dev.items()}),
        "batches": to_json_types(found.mix),
        "problems": [asdict(problem) for problem in found.problems],
    }


def _print(found: Any, n_labels: int) -> None:
    """Print an `Inspection`."""
    msg.divider("Training corpora")
    _print_corpora(found.train, found.mix, n_labels)
    msg.divider("Development corpora")
    _print_corpora(found.dev, {}, n_labels)
    msg.divider("Problems")
    for problem in found.problems:
        msg.warn(problem.text)
    if not found.problems:
        msg.good("None found: every task has annotation, and labels known from training")


def _print_corpora(corpora: Dict[str, Any], mix: Dict[str, float], n_labels: int) -> None:
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

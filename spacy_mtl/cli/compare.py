"""`python -m spacy mtl compare`: does it pay to train tasks together?"""

from pathlib import Path
from typing import Any, Dict, List, Optional

import typer
from wasabi import msg

from ..compat.spacy_cli import Arg, Opt, show_validation_error
from ..hints import nearest
from .config import load_code, overrides_of, read_config
from .errors import CommandError, ended_by_interrupt, telling
from .outcome import Outcome, reporting
from .progress import progress

_N_SEEDS = 3


@reporting
@telling("Cannot compare")
def compare_cli(
    ctx: typer.Context,
    config_path: Path = Arg(..., help="Path to config file", exists=True, dir_okay=False),
    output: Path = Opt(..., "--output", "-o", help="Folder for configs, runs and the result"),
    seeds: str = Opt("", "--seeds", "-s", help="Seeds to train with, such as 0,1,2"),
    n_seeds: int = Opt(_N_SEEDS, "--n-seeds", "-n", help="How many seeds, if not named", min=2),
    pairs: bool = Opt(False, "--pairs", "-p", help="Also train every pair of tasks"),
    groups: str = Opt("", "--groups", help='Also train groups, such as "tagger,ner;textcat"'),
    other: Optional[Path] = Opt(
        None,
        "--with",
        "-w",
        help="Compare this config with CONFIG_PATH, both with all tasks, instead of each alone",
        exists=True,
        dir_okay=False,
    ),
    test: Optional[Path] = Opt(
        None, "--test", "-t", help="File to score on (.spacy; default: the development corpus)"
    ),
    model: str = Opt(
        "last", "--model", "-m", help='Pipelines to score: the "last", or the "best" on dev'
    ),
    jobs: int = Opt(1, "--jobs", "-J", help="Trainings at a time, which share the cores", min=1),
    resume: bool = Opt(False, "--resume", "-r", help="Continue the comparison in --output"),
    differ: bool = Opt(
        False, "--differ", help="Resume even if libraries, threads or data changed (see train)"
    ),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the config"
    ),
    use_gpu: int = Opt(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU", min=-1),
) -> Outcome:
    """
    Train each task alone and all together, under the same budget, and say what sharing changes.

    Reports the difference for each task with an interval over seeds and documents together, and a
    verdict: gain, loss, or no difference shown.

    Example: python -m spacy mtl compare config.cfg --output compared --n-seeds 5 --test test.spacy
    """
    from ..comparison.checks import check_texts
    from ..comparison.comparison import MODELS, Comparison
    from ..comparison.result_text import result_text
    from ..comparison.scored_runs import read_texts
    from ..comparison.setups import JOINT, WITH, Setup, read_groups, setups_of

    if model not in MODELS:
        raise CommandError(
            f"--model '{model}' is unknown",
            f"{nearest(model, MODELS)}Use one of: {', '.join(MODELS)}.",
        )
    if other is not None and (pairs or groups):
        raise CommandError(
            "--with compares two configs, each with all of its tasks",
            "Leave out --pairs and --groups, or --with.",
        )
    if test is not None:
        _check_test(test)
    chosen = _read_seeds(seeds, n_seeds)
    _check_output(output, resume)
    load_code(code)
    overrides = overrides_of(ctx)
    source = _source(config_path, overrides)
    sources = {JOINT: source}
    if other is None:
        named = read_groups(groups, source.tasks) if groups else []
        setups = setups_of(source.tasks, pairs=pairs, groups=named)
    else:
        sources[WITH] = _source(other, overrides)
        if sources[WITH].tasks != source.tasks:
            raise CommandError(
                f"The tasks of {other} are {', '.join(sources[WITH].tasks)}, but those of "
                f"{config_path} are {', '.join(source.tasks)}",
                "--with compares two ways to train the same tasks.",
            )
        setups = [Setup(name, tuple(source.tasks)) for name in (JOINT, WITH)]
    # Before the first of many trainings.
    check_texts(source.nlp, source.tasks, read_texts(source.nlp, test))
    comparison = Comparison(output, sources, setups, chosen)
    comparison.write_configs()
    n_runs = len(comparison.runs)
    try:
        n_done = n_runs - comparison.n_to_train()
        with progress(title="Trainings", total=n_runs, done=n_done) as trained:
            comparison.train(
                jobs=jobs,
                code=code,
                use_gpu=use_gpu,
                differ=differ,
                when_ended=lambda run: trained.update(1),
            )
        with progress(title="Scores", total=n_runs) as scored:
            result = comparison.result(
                test=test, model=model, when_scored=lambda run: scored.update(1)
            )
    except KeyboardInterrupt:
        n_done = n_runs - comparison.n_to_train()
        way = f"{n_done} of {n_runs} trainings are done. --resume continues in {output}"
        ended_by_interrupt("Interrupted", way)

    def show() -> None:
        typer.echo(result_text(result))
        msg.good(f"Saved the result: {output / 'comparison.json'}")

    return Outcome(result, show)


def _read_seeds(text: str, n_seeds: int) -> List[int]:
    parts = text.replace(",", " ").split()
    if not all(part.isdecimal() for part in parts):
        raise CommandError(f"--seeds '{text}' are not whole numbers", "Write them as in 0,1,2.")
    seeds = [int(part) for part in parts] or list(range(n_seeds))
    if len(set(seeds)) < len(seeds) or len(seeds) < 2:
        raise CommandError(
            f"--seeds '{text}' are not at least two different numbers",
            "With one seed, the effect of sharing can't be told from chance.",
        )
    return seeds


def _check_test(test: Path) -> None:
    """Reject a file that could not be scored on, before the trainings."""
    from ..train.corpora import damage_of

    if not test.exists():
        raise CommandError(f"There is no file '{test}' for --test", "Name a .spacy file.")
    if not (test.is_file() and test.suffix == ".spacy"):
        raise CommandError(
            f"--test '{test}' is not a .spacy file",
            "Convert other formats with `python -m spacy mtl convert`.",
        )
    if damage := damage_of(test):
        raise CommandError(f"--test {damage}", "Name another file.")


def _check_output(output: Path, resume: bool) -> None:
    if output.exists() and not output.is_dir():
        raise CommandError(f"--output '{output}' is a file", "Name a folder.")
    is_used = output.is_dir() and any(output.iterdir())
    if is_used and not (output / "configs").is_dir():
        raise CommandError(f"--output '{output}' has other files", "Name a new folder.")
    if is_used and not resume:
        raise CommandError(
            f"There is a comparison in '{output}'",
            "Continue it, or add seeds, pairs or groups, with --resume. Or use another --output.",
        )


def _source(path: Path, overrides: Dict[str, Any]) -> Any:
    """RETURNS (Source): The tasks of a config, and what it makes."""
    from spacy.util import load_model_from_config

    from ..comparison.checks import check_budget, check_joint
    from ..comparison.setups import Source
    from ..train.corpora import damaged_corpora
    from ..train.settings import check_corpora, check_training

    config = read_config(path, overrides)
    with show_validation_error(path):
        nlp = load_model_from_config(config, auto_fill=True)
        settings: Dict[str, Any] = nlp.config.interpolate()
    check_training(settings["training"])
    check_corpora(settings)
    damaged = damaged_corpora(settings)
    if damaged:
        # Before the first of many trainings finds it.
        raise ValueError(" ".join(damaged))
    check_budget(settings["training"])
    joint = check_joint(nlp)
    return Source(nlp, joint.name, joint.tasks)

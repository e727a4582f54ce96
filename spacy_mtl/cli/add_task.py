"""`python -m spacy mtl add-task`: a new head for a trained pipeline, and what it changes."""

from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import typer
from wasabi import msg

from ..compat.spacy_cli import Arg, Opt, show_validation_error
from ..files import write_in_place
from .config import choose_gpu, load_code, overrides_of, read_config
from .errors import CommandError, ended_by_interrupt, telling
from .outcome import Outcome, reporting
from .pipeline_folder import check_output
from .resuming import load_resumed
from .training_folder import check_training_folder, remove_training, removed_unless_begun

#: The value of --rehearse that stands for the texts of the new task.
_NEW_TEXTS = "new"
#: The format of corpora.
_SPACY = ".spacy"
_WHY_ANOTHER = "It is needed to compare its tasks before and after."


@reporting
@telling("Cannot add the task", {"CheckpointError": "This training cannot continue"})
def add_task_cli(
    ctx: typer.Context,
    pipeline: str = Arg(..., help="The name of an installed pipeline, or its folder"),
    config_path: Path = Arg(
        ..., help="Config with the new head and its corpora", exists=True, dir_okay=False
    ),
    output: Path = Opt(..., "--output", "-o", help="Folder for the pipeline with the new task"),
    freeze: bool = Opt(False, "--freeze", help="Train the new head alone: old tasks stay the same"),
    adapter: bool = Opt(
        False, "--adapter", help="Train the new head and a LoRA for it: old tasks stay the same"
    ),
    rehearse: Optional[str] = Opt(
        None,
        "--rehearse",
        help="Train everything; the old pipeline teaches the old tasks on these texts (.spacy) and "
        f'the new ones, or on the new ones alone ("{_NEW_TEXTS}")',
    ),
    rank: Optional[int] = Opt(None, "--rank", help="With --adapter: the rank (default: 8)", min=1),
    alpha: Optional[float] = Opt(
        None, "--alpha", help="With --adapter: alpha / rank is its scale (default: 16)", min=1e-6
    ),
    test: Optional[Path] = Opt(
        None, "--test", "-t", help="File to score on (.spacy; default: the development corpora)"
    ),
    training: Optional[Path] = Opt(
        None, "--training", help="Folder for the training (default: OUTPUT.training)"
    ),
    resume: bool = Opt(False, "--resume", "-r", help="Resume from the last checkpoint there"),
    differ: bool = Opt(
        False, "--differ", help="Resume even if libraries, threads or data changed (see train)"
    ),
    force: bool = Opt(False, "--force", "-F", "-f", help="Replace an existing pipeline"),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the config or pipeline"
    ),
    use_gpu: int = Opt(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU", min=-1),
) -> Outcome:
    """
    Add a task to a trained pipeline, in one of three ways, and compare the old tasks.

    The config has the new head in [components] and its corpora in [corpora]; what else it leaves
    out has defaults. With --freeze and --adapter, it is checked that the old tasks predict exactly
    the same.

    Example: python -m spacy mtl add-task training/model-best genre.cfg -o more --freeze
    """
    from ..growing.ways import ADAPTER, FREEZE, REHEARSE

    chosen = {FREEZE: freeze, ADAPTER: adapter, REHEARSE: rehearse is not None}
    name = _chosen([key for key, is_chosen in chosen.items() if is_chosen])
    _check_options(name == ADAPTER, rank, alpha, test)
    check_output(pipeline, output, force, _WHY_ANOTHER)
    folder = training or output.with_name(f"{output.name}.training")
    check_training_folder(folder, [Path(pipeline), output], resume)
    # Import torch.
    from ..deploy.inputs import load_pipeline
    from ..deploy.saved import find_pipeline
    from ..growing.changes import find_changes
    from ..growing.finishing import finish
    from ..growing.text import changes_json, changes_text
    from ..growing.ways import Way

    load_code(code)
    choose_gpu(use_gpu)
    overrides = overrides_of(ctx)
    _check_overrides(overrides)
    given = read_config(config_path, overrides, is_complete=False)
    path = find_pipeline(pipeline)
    before = load_pipeline(pipeline)
    way = Way(name, path, _rehearsed(rehearse), rank, alpha)
    try:
        with show_validation_error(config_path, hint_fill=False), removed_unless_begun(folder):
            best, new, notes = _train(before, given, way, folder, differ, use_gpu)
        after = finish(best, before, new, way.keeps_old)
        changes = find_changes(before, after, new, test)
        if way.keeps_old:
            _check_kept(before, after, changes, way, folder)
        # This took a while: the folder may have changed in the meantime.
        check_output(pipeline, output, force, _WHY_ANOTHER)
        write_in_place(after.to_disk, output)
    except KeyboardInterrupt:
        from ..train.checkpoint import find_latest

        latest = find_latest(folder)
        text = f"--resume continues from {latest.path}" if latest else "There is no checkpoint yet"
        ended_by_interrupt("Interrupted", text)
    remove_training(folder)

    def show() -> None:
        typer.echo(changes_text(changes))
        for note in notes:
            msg.warn(note)
        if way.keeps_old:
            msg.good("Checked: all old tasks predict exactly what they did before")
        msg.good(f"Saved the pipeline with {', '.join(new)}: {output}")

    data = {
        "output": str(output),
        "way": name,
        "new": new,
        "kept": way.keeps_old,
        "tasks": changes_json(changes),
        "notes": notes,
    }
    return Outcome(data, show)


def _train(before: Any, given: Any, way: Any, folder: Path, differ: bool, use_gpu: int) -> Any:
    """RETURNS (Tuple[Path, List[str], List[str]]): The best pipeline, its new tasks, and notes."""
    from ..growing.changes import check_start
    from ..growing.new_heads import read_new_heads
    from ..growing.preparing import prepare
    from ..growing.settings import with_defaults
    from ..train.checkpoint import find_latest
    from ..train.circumstances import describe_training
    from ..train.corpora import explained_corpora
    from ..train.loop import train

    complete = with_defaults(before, given).interpolate()
    new = [head.name for head in read_new_heads(complete, before)]
    asked = {"pipeline": str(way.pipeline), "way": way.name, "rehearsed": str(way.rehearsed)}
    complete["add_task"] = {**asked, "rank": way.rank, "alpha": way.alpha}
    meta = describe_training(complete, use_gpu)
    meta["data"].update(_sizes(way))
    found = find_latest(folder)
    notes: List[str] = []
    if found is None:
        folder.mkdir(parents=True, exist_ok=True)
        with explained_corpora(complete):
            nlp = prepare(before, given, way, folder)
        if way.keeps_old:
            check_start(before, nlp, new)
    else:
        nlp = load_resumed(found, meta, complete["training"], differ)
    frozen = nlp.config["training"]["frozen_components"]
    if not way.keeps_old:
        notes += _left_behind(nlp, frozen)
    train(nlp, folder, checkpoint=found, meta=meta, use_gpu=use_gpu)
    return folder / "model-best", new, notes


def _chosen(names: Sequence[str]) -> str:
    from ..growing.ways import WAYS

    if len(names) == 1:
        return names[0]
    ways = "\n".join(f"--{name} {what}." for name, what in WAYS.items())
    said = " and ".join(f"--{name}" for name in names) if names else "none"
    raise CommandError(f"Choose one of three ways to add the task (chosen: {said})", ways)


def _check_options(
    is_adapter: bool, rank: Optional[int], alpha: Optional[float], test: Optional[Path]
) -> None:
    for option, value in (("--rank", rank), ("--alpha", alpha)):
        if value is not None and not is_adapter:
            raise CommandError(f"{option} is a setting of --adapter", f"Leave out {option}.")
    if test is not None and not (test.is_file() and test.suffix == _SPACY):
        raise CommandError(
            f"--test '{test}' is not a .spacy file",
            "Convert other formats with `python -m spacy mtl convert`.",
        )


def _check_overrides(overrides: Dict[str, Any]) -> None:
    for name in overrides:
        if name.startswith("nlp."):
            raise CommandError(
                f"--{name}: add-task takes [nlp] from the pipeline", "Change it there, or leave it."
            )


def _rehearsed(rehearse: Optional[str]) -> Optional[Path]:
    if rehearse is None or rehearse == _NEW_TEXTS:
        return None
    path = Path(rehearse)
    if (path.suffix == _SPACY and path.is_file()) or any(path.rglob(f"*{_SPACY}")):
        return path
    what = f"is no {_SPACY} file, and no folder of them" if path.exists() else "does not exist"
    raise CommandError(
        f"The corpus --rehearse '{rehearse}' {what}",
        "Name one with texts like those that the pipeline was trained on (other formats: `python "
        f'-m spacy mtl convert`), or "{_NEW_TEXTS}" for the texts of the new task.',
    )


def _left_behind(nlp: Any, frozen: Sequence[str]) -> List[str]:
    from ..growing.new_heads import joint_of

    disabled = "is disabled"
    stock = "is spaCy's own and can't have a teacher, and not all texts are annotated for it"
    return [
        f"'{name}' {stock if name in nlp.pipe_names else disabled}, so it wasn't trained, while "
        "its encoder was: look at its scores"
        for name in joint_of(nlp).tasks
        if name in frozen
    ]


def _sizes(way: Any) -> Dict[str, int]:
    """RETURNS (Dict[str, int]): The sizes in bytes of what is read beside the corpora."""
    from ..train.checkpoint import sizes_of

    found = {str(way.pipeline): sum(sizes_of(way.pipeline).values())}
    path = way.rehearsed
    if path is not None:
        found[str(path)] = path.stat().st_size if path.is_file() else sum(sizes_of(path).values())
    return found


def _check_kept(before: Any, after: Any, changes: Any, way: Any, folder: Path) -> None:
    from ..growing.changes import BrokenPromiseError, check_kept
    from ..growing.new_heads import joint_of
    from ..growing.ways import ADAPTER

    joint = joint_of(before).name
    frozen = [n for n in before.component_names if way.name != ADAPTER or n != joint]
    try:
        check_kept(before, after, changes, [*frozen, joint])
    except BrokenPromiseError as err:
        raise CommandError(
            f"{err}, though --{way.name} trains nothing of the old tasks",
            f"This is an internal error of spacy_mtl: please report it. Nothing was written. The "
            f"training is in {folder}.",
        ) from err

"""The folder of a training that a command removes at the end."""

import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, Sequence

from .errors import CommandError

#: The names of what a training leaves there.
_OURS = ("model-best", "model-last", "checkpoint-*", "*.targets.sqlite*")


def check_training_folder(folder: Path, others: Sequence[Path], resume: bool) -> None:
    """Reject a folder that has something else, or a training that isn't to be resumed.

    folder (Path): The folder, which may not exist yet.
    others (Sequence[Path]): Folders of pipelines, which must be apart.
    resume (bool): Whether a training there is to be resumed.
    RAISES (CommandError): If it can't be used.
    """
    from ..train.checkpoint import find_latest

    if folder.exists() and not folder.is_dir():
        raise CommandError(f"--training '{folder}' is a file", "Name a folder.")
    here = folder.resolve()
    for other in (each.resolve() for each in others):
        if here == other or here.is_relative_to(other) or other.is_relative_to(here):
            raise CommandError(
                f"--training '{folder}' is, is inside, or contains the pipeline '{other}'",
                "Name another folder for the training.",
            )
    has_files = folder.is_dir() and any(folder.iterdir())
    found = find_latest(folder) if has_files else None
    if found is not None and not resume:
        raise CommandError(
            f"There is a training to resume: {found.path}",
            "Resume it with --resume, use another --training, or remove that folder.",
        )
    if has_files and found is None:
        raise CommandError(
            f"The folder --training '{folder}' is not empty, and has no checkpoint",
            "Remove it, or name another with --training.",
        )
    if resume and found is None:
        raise CommandError(
            f"There is no checkpoint in '{folder}' to resume from",
            "Name the folder of the interrupted training with --training, or start over without "
            "--resume.",
        )


@contextmanager
def removed_unless_begun(folder: Path) -> Iterator[None]:
    """Remove the folder if what is inside fails before there is a checkpoint.

    folder (Path): The folder.
    """
    from ..train.checkpoint import find_latest

    try:
        yield
    except BaseException:
        if find_latest(folder) is None:
            remove_training(folder)
        raise


def remove_training(folder: Path) -> None:
    """Remove what a training has left, and the folder, unless there is something else in it.

    folder (Path): The folder.
    """
    for pattern in _OURS:
        for path in folder.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()

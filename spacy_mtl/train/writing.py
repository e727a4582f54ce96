"""Write checkpoints and pipelines completely, or not at all."""

from pathlib import Path
from typing import Any, Callable, Dict

import srsly
from spacy.language import Language

from .. import files
from .checkpoint import (
    FILES,
    META,
    PIPELINE,
    PREFIX,
    STATE,
    Checkpoint,
    CheckpointError,
    find_checkpoints,
    sizes_of,
)


def write_checkpoint(
    folder: Path, step: int, nlp: Language, state: Dict[str, Any], meta: Dict[str, Any]
) -> Checkpoint:
    """Write a checkpoint, and remove earlier ones.

    It is written under another name, synced to disk, and renamed. Only then is the previous one
    removed, so that a complete checkpoint remains whenever this is interrupted.

    folder (Path): The output folder of the training.
    step (int): The step.
    nlp (Language): The pipeline.
    state (Dict[str, Any]): Everything else, for msgpack.
    meta (Dict[str, Any]): The config, data and machine.
    RETURNS (Checkpoint): The checkpoint.
    RAISES (CheckpointError): If it cannot be written.
    """
    found = Checkpoint(folder / f"{PREFIX}{step}", step)
    files.remove_left(folder, PREFIX)

    def write(new: Path) -> None:
        nlp.to_disk(new / PIPELINE)
        srsly.write_msgpack(new / STATE, state)
        srsly.write_json(new / META, {**meta, FILES: sizes_of(new / PIPELINE)})

    write_in_place(write, found.path)
    for other in find_checkpoints(folder):
        if other.step < step:
            files.remove(other.path)
    return found


def write_in_place(write: Callable[[Path], Any], path: Path) -> None:
    """Write a folder of a training under another name, and rename it once it is complete.

    write (Callable[[Path], Any]): Writes to the folder it is given, which exists.
    path (Path): The folder. An existing one is replaced once the new one is complete.
    RAISES (CheckpointError): If the disk is full, or writing fails otherwise.
    """
    try:
        files.write_in_place(write, path)
    except files.WriteError as err:
        raise CheckpointError(
            f"{err} Fix this, for example by making room, and resume (`spacy mtl train --resume`)."
        ) from err

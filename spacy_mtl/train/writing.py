"""Checkpoints and pipelines are written in full, or not at all."""

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
    """Write a checkpoint, and remove those before it.

    It is written under another name, brought to the disk, and renamed; only then the one
    before goes. Whenever that is broken off, one is left that is whole.

    folder (Path): The output folder of the training.
    step (int): The step.
    nlp (Language): The pipeline.
    state (Dict[str, Any]): All else, for msgpack.
    meta (Dict[str, Any]): Of which config and machine it is.
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
    """Write a folder of a training under another name, and give it its own once it is whole.

    write (Callable[[Path], Any]): Writes to the folder that it is given, which is there.
    path (Path): The folder. What was there goes, once this is whole.
    RAISES (CheckpointError): If the disk is full, or refuses otherwise.
    """
    try:
        files.write_in_place(write, path)
    except files.WriteError as err:
        raise CheckpointError(
            f"{err} Mend that, such as by making room, and go on (`spacy mtl train` with --resume)."
        ) from err

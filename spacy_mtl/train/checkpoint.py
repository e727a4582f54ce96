"""Checkpoints: a folder that is there in full, or not at all."""

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

import srsly
from spacy.language import Language

PREFIX = "checkpoint-"
_NEW, _OLD = ".new", ".old"
_PIPELINE, _STATE, _META = "pipeline", "state.msgpack", "meta.json"


@dataclass(frozen=True)
class Checkpoint:
    """A training at the end of a step.

    path (Path): Its folder.
    step (int): The step, from 0.
    """

    path: Path
    step: int

    @property
    def pipeline(self) -> Path:
        """RETURNS (Path): The pipeline, with raw parameters (no averages)."""
        return self.path / _PIPELINE

    def read_meta(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Of which config and machine it is."""
        return srsly.read_json(self.path / _META)

    def read_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): All but the pipeline."""
        return srsly.read_msgpack(self.path / _STATE)


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
    """
    found = Checkpoint(folder / f"{PREFIX}{step}", step)
    for left in [*folder.glob(f"{PREFIX}*{_NEW}"), *folder.glob(f"{PREFIX}*{_OLD}")]:
        # Of a process that was killed.
        shutil.rmtree(left)
    new = found.path.with_name(found.path.name + _NEW)
    new.mkdir(parents=True)
    nlp.to_disk(new / _PIPELINE)
    srsly.write_msgpack(new / _STATE, state)
    srsly.write_json(new / _META, meta)
    put_in_place(new, found.path)
    for other in find_checkpoints(folder):
        if other.step < step:
            _remove(other.path)
    return found


def put_in_place(new: Path, path: Path) -> None:
    """Give a folder that is written its name, so that it is never seen half written.

    new (Path): The folder.
    path (Path): Its name. What was there goes.
    """
    _sync(new)
    old = path.with_name(path.name + _OLD)
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        path.rename(old)
    new.rename(path)
    _sync_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def _remove(path: Path) -> None:
    # It loses its name first: what is half removed is no checkpoint.
    old = path.with_name(path.name + _OLD)
    path.rename(old)
    shutil.rmtree(old)


def find_checkpoints(folder: Path) -> List[Checkpoint]:
    """Find the checkpoints in an output folder.

    folder (Path): The folder.
    RETURNS (List[Checkpoint]): The newest first.
    """
    found = []
    for path in folder.glob(f"{PREFIX}*"):
        number = path.name.removeprefix(PREFIX)
        if number.isdecimal():
            found.append(Checkpoint(path, int(number)))
    return sorted(found, key=lambda each: -each.step)


def find_latest(folder: Path) -> Optional[Checkpoint]:
    """RETURNS (Optional[Checkpoint]): The newest checkpoint of an output folder, if any."""
    return next(iter(find_checkpoints(folder)), None)


def describe_machine() -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): What the figures of a training depend on, beside its config."""
    import numpy
    import spacy
    import thinc
    import torch
    import transformers

    return {
        "python": platform.python_version(),
        "spacy": spacy.__version__,
        "thinc": thinc.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "numpy": numpy.__version__,
        "processor": platform.machine(),
        "threads": torch.get_num_threads(),
    }


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    # Windows has no such thing.
    if hasattr(os, "O_DIRECTORY"):
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)

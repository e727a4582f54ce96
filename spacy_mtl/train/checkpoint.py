"""Checkpoints: a folder that is there in full, or not at all."""

import os
import platform
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import srsly
from spacy.language import Language
from spacy.util import load_model, walk_dict
from thinc.api import Config

PREFIX = "checkpoint-"
_NEW, _OLD = ".new", ".old"
_PIPELINE, _STATE, _META = "pipeline", "state.msgpack", "meta.json"
_LIBRARIES = (
    "spacy_mtl",
    "spacy",
    "thinc",
    "torch",
    "transformers",
    "spacy-transformers",
    "tokenizers",
    "torchjd",
    "numpy",
)


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

    def load_pipeline(self) -> Language:
        """RETURNS (Language): The pipeline. RAISES (CheckpointError): If it does not load."""
        with self._explained(_PIPELINE):
            return load_model(self.path / _PIPELINE)

    def read_meta(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Of which config, data and machine it is.

        RAISES (CheckpointError): If it cannot be read.
        """
        with self._explained(_META):
            return srsly.read_json(self.path / _META)

    def read_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): All but the pipeline.

        RAISES (CheckpointError): If it cannot be read.
        """
        with self._explained(_STATE):
            return srsly.read_msgpack(self.path / _STATE)

    @contextmanager
    def _explained(self, part: str) -> Iterator[None]:
        try:
            yield
        except Exception as err:
            older = sorted(path.name for path in self.path.parent.glob(f"{PREFIX}*{_OLD}"))
            raise CheckpointError(
                f"{self.path / part} cannot be read: {err}. If the checkpoint {self.path.name} is "
                "damaged, remove its folder to begin anew"
                + (f", or rename {older[-1]} to go on from there" if older else "")
                + "."
            ) from err


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or a folder that cannot be written."""


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
    for left in [*folder.glob(f"{PREFIX}*{_NEW}"), *folder.glob(f"{PREFIX}*{_OLD}")]:
        # Of a process that was killed.
        shutil.rmtree(left)

    def write(new: Path) -> None:
        new.mkdir(parents=True)
        nlp.to_disk(new / _PIPELINE)
        srsly.write_msgpack(new / _STATE, state)
        srsly.write_json(new / _META, meta)

    write_in_place(write, found.path)
    for other in find_checkpoints(folder):
        if other.step < step:
            _remove(other.path)
    return found


def write_in_place(write: Callable[[Path], Any], path: Path) -> None:
    """Write a folder under another name, and give it its own once it is whole.

    write (Callable[[Path], Any]): Writes to the folder that it is given, which is not there yet.
    path (Path): The folder. What was there goes, once this is whole.
    RAISES (CheckpointError): If the disk is full, or refuses otherwise.
    """
    new = path.with_name(path.name + _NEW)
    shutil.rmtree(new, ignore_errors=True)
    try:
        write(new)
        _sync(new)
    except OSError as err:
        shutil.rmtree(new, ignore_errors=True)
        raise CheckpointError(
            f"{path} cannot be written: {err}. What was there before is as it was: mend that, such "
            "as by making room, and go on (`spacy mtl train` with --resume)."
        ) from err
    _put_in_place(new, path)


def _put_in_place(new: Path, path: Path) -> None:
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


def describe_machine(use_gpu: int) -> Dict[str, Any]:
    """Tell what the figures of a training depend on, beside its config and data.

    use_gpu (int): The number of a GPU, or -1.
    RETURNS (Dict[str, Any]): Versions of libraries, processor and threads.
    """
    import torch

    found: Dict[str, Any] = {name: _version(name) for name in _LIBRARIES}
    found["python"] = platform.python_version()
    found["processor"] = platform.machine() if use_gpu < 0 else torch.cuda.get_device_name(use_gpu)
    found["threads"] = torch.get_num_threads()
    return found


def describe_data(config: Config) -> Dict[str, int]:
    """Tell which files a training reads.

    config (Config): Its config, interpolated.
    RETURNS (Dict[str, int]): By path in the block [corpora], the bytes that it has.
    """
    found = {}
    for _, value in walk_dict(config.get("corpora", {})):
        if isinstance(value, str) and value and Path(value).exists():
            files = [Path(value)] if Path(value).is_file() else Path(value).rglob("*.spacy")
            found[value] = sum(file.stat().st_size for file in files)
    return found


def _version(library: str) -> Optional[str]:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


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

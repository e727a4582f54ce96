"""Checkpoints: folders that are either complete or not there at all."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import srsly
from spacy.language import Language
from spacy.util import load_model

from ..checksums import CHECKSUMS, damage_by_file
from ..files import OLD
from ..hints import shortened
from ..packed import unpack

PREFIX = "checkpoint-"
#: The parts of a checkpoint.
PIPELINE, STATE, META = "pipeline", "state.msgpack", "meta.json"
#: The types in the parts: see `Training.get_state` and the callers of `write_checkpoint`.
_STATE_TYPES: Dict[str, Any] = {
    "step": int,
    "results": list,
    "losses": dict,
    "words": int,
    "seconds": (int, float),
    "optimizer": dict,
    "gradients": dict,
    "components": dict,
    "corpus": (dict, type(None)),
    "batches": dict,
    "chance": dict,
}
#: The key in the meta with the sizes of the pipeline's files.
FILES = "files"
_META_TYPES = {"config": str, "data": dict, "machine": dict}


class CheckpointError(ValueError):
    """A checkpoint that can't be read, or a folder that can't be written."""


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
        return self.path / PIPELINE

    def check(self) -> List[str]:
        """Check that its files are as they were written, without loading them.

        RETURNS (List[str]): What is wrong with the meta. It is only used for comparison, so the
            caller may decide to continue anyway.
        RAISES (CheckpointError): If any other file is missing or damaged.
        """
        if not self.path.is_dir():
            raise self._error("it is not a folder")
        for part in (PIPELINE, STATE, META):
            if not (self.path / part).exists():
                raise self._error("there is no such file", part)
        of_meta = []
        for name, text in damage_by_file(self.path):
            if name == META:
                of_meta.append(text)
                continue
            part = name.split("/")[0]
            # An unknown name is an error in the checksums.
            raise self._error(text, part if part in (PIPELINE, STATE) else CHECKSUMS)
        if not (self.path / CHECKSUMS).exists():
            self._check_sizes()
        return of_meta

    def load_pipeline(self) -> Language:
        """RETURNS (Language): The pipeline. RAISES (CheckpointError): If it can't be loaded."""
        with self.explained(PIPELINE):
            return load_model(self.path / PIPELINE)

    def read_meta(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The config, data and machine it was written with.

        RAISES (CheckpointError): If it cannot be read.
        """
        with self.explained(META):
            return _checked(srsly.read_json(self.path / META), _META_TYPES)

    def read_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): Everything except the pipeline.

        RAISES (CheckpointError): If it cannot be read.
        """
        with self.explained(STATE):
            state = _checked(unpack((self.path / STATE).read_bytes()), _STATE_TYPES)
            if state["step"] != self.step:
                raise ValueError(f"it belongs to step {state['step']}")
            return state

    def _check_sizes(self) -> None:
        """Check sizes. spaCy loads even if files are missing, and half a config may be valid."""
        now = sizes_of(self.pipeline)
        with self.explained(META):
            meta = _checked(srsly.read_json(self.path / META), {})
            before = _checked(meta.get(FILES, {}), {})
        for name, size in before.items():
            if now.get(name) != size:
                found = f"{now[name]} bytes" if name in now else "missing"
                raise self._error(f"{name} is {found}, but had {size} bytes", PIPELINE)

    @contextmanager
    def explained(self, part: str = STATE) -> Iterator[None]:
        """Report any error inside with the file that caused it, and what to do.

        part (str): The file, or the folder of the pipeline.
        RAISES (CheckpointError): If anything fails.
        """
        try:
            yield
        except CheckpointError:
            raise
        except KeyError as err:
            raise self._error(f"there is no {err}", part) from err
        except Exception as err:
            raise self._error(f"{err or type(err).__name__}", part) from err

    def _error(self, cause: str, part: str = "") -> "CheckpointError":
        folder = self.path.parent
        before = [each.path.name for each in find_checkpoints(folder) if each.step < self.step]
        renamed = sorted(path.name for path in folder.glob(f"{PREFIX}*{OLD}"))
        way = f"remove its folder to resume from {before[0]}" if before else ""
        way = way or "remove its folder to start over"
        if renamed and not before:
            way += f", or rename {renamed[-1]} to resume from there"
        cause = cause.rstrip(". ")
        return CheckpointError(
            f"{self.path / part} cannot be read: {cause}. If the checkpoint {self.path.name} is "
            f"damaged, {way}."
        )


def find_checkpoints(folder: Path) -> List[Checkpoint]:
    """Find the checkpoints in an output folder.

    folder (Path): The folder.
    RETURNS (List[Checkpoint]): The checkpoints, newest first.
    """
    found = []
    for path in folder.glob(f"{PREFIX}*"):
        number = path.name.removeprefix(PREFIX)
        if number.isdecimal():
            found.append(Checkpoint(path, int(number)))
    return sorted(found, key=lambda each: -each.step)


def find_latest(folder: Path) -> Optional[Checkpoint]:
    """RETURNS (Optional[Checkpoint]): The newest checkpoint in an output folder, if any."""
    return next(iter(find_checkpoints(folder)), None)


def sizes_of(folder: Path) -> Dict[str, int]:
    """RETURNS (Dict[str, int]): The sizes of all files below a folder in bytes, by name."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in found}


def _checked(found: Any, types: Dict[str, Any]) -> Dict[str, Any]:
    if not isinstance(found, dict):
        raise ValueError(f"it is a {type(found).__name__}, not a dictionary")
    for key, expected in types.items():
        if key not in found:
            raise ValueError(f"it has no '{key}'")
        value = found[key]
        if not isinstance(value, expected) or isinstance(value, bool):
            raise ValueError(f"its '{key}' is {shortened(value)}, a {type(value).__name__}")
    return found

"""Find the files to convert and their formats."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from .errors import ConversionError
from .formats import Format, get_format
from .guess import guess_format
from .seq import FILES, is_seq_folder
from .source import check_regular, is_regular

AUTO = "auto"


@dataclass(frozen=True)
class Job:
    """An input to convert.

    path (Path): A file, or a folder with one split.
    reason (str): Why it has this format.
    is_guessed (bool): Whether the format was guessed, not specified.
    by_content (bool): Whether it was guessed by the content.
    """

    path: Path
    format: Format
    reason: str
    is_guessed: bool
    by_content: bool = False

    @property
    def files(self) -> List[Path]:
        """RETURNS (List[Path]): The files that are read."""
        if not self.path.is_dir():
            return [self.path]
        return [path for name in FILES if (path := self.path / name).exists()]


def find_inputs(
    paths: Sequence[Path], name: str, options: Mapping[str, Any]
) -> Tuple[List[Job], List[Path], bool]:
    """Find the files to read and their formats.

    paths (Sequence[Path]): Files, folders of files, folders with one split.
    name (str): A key of `FORMATS`, or "auto".
    options (Mapping[str, Any]): Options of the formats.
    RETURNS (Tuple[List[Job], List[Path], bool]): The inputs to convert, the skipped
        files in folders, and whether there may be several inputs.
    RAISES (ConversionError): If a file is missing or its format is unknown.
    """
    wanted = None if name == AUTO else get_format(name)
    jobs: List[Job] = []
    skipped: List[Path] = []
    if not paths:
        raise ConversionError("no input given")
    is_many = len(paths) > 1
    for path in paths:
        if not path.exists():
            raise ConversionError("there is no such file or folder", path)
        if path.is_dir() and not is_seq_folder(path):
            found, others = _look_into(path, wanted, options)
            jobs += found
            skipped += others
            is_many = True
            continue
        if not path.is_dir():
            check_regular(path)
        jobs.append(_job_of(path, wanted, options))
    return jobs, skipped, is_many


def _job_of(path: Path, wanted: Optional[Format], options: Mapping[str, Any]) -> Job:
    if wanted is None:
        guess = guess_format(path, options)
        if guess.format is None:
            reason = "cannot detect the format by suffix or content. Specify it"
            raise ConversionError(reason, path)
        return Job(path, guess.format, guess.reason, True, guess.by_content)
    if path.is_dir() != (wanted.name == "seq"):
        expected = "a folder with seq.in, seq.out and label" if wanted.name == "seq" else "a file"
        raise ConversionError(f"the format '{wanted.name}' is {expected}", path)
    return Job(path, wanted, "as specified", is_guessed=False)


def _look_into(
    folder: Path, wanted: Optional[Format], options: Mapping[str, Any]
) -> Tuple[List[Job], List[Path]]:
    jobs: List[Job] = []
    skipped: List[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or (path.is_dir() and not is_seq_folder(path)):
            continue
        guess = guess_format(path, options)
        by_suffix = wanted is not None and is_regular(path) and path.suffix in wanted.suffixes
        if wanted is not None and (by_suffix or guess.format is wanted):
            jobs.append(Job(path, wanted, "as specified", is_guessed=False))
        elif wanted is None and guess.format is not None:
            jobs.append(Job(path, guess.format, guess.reason, True, guess.by_content))
        else:
            skipped.append(path)
    if not jobs:
        kind = f"of the format '{wanted.name}'" if wanted else "of a known format"
        raise ConversionError(f"no file {kind} in the folder. Name the files themselves", folder)
    return jobs, skipped

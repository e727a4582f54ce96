"""Where the output goes, and writing it so that nothing half-written is left behind."""

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Dict, Iterable, Mapping, Sequence

from .errors import ConversionError

SUFFIX = ".spacy"


def choose_targets(sources: Sequence[Path], output: Path, is_many: bool) -> Dict[Path, Path]:
    """Choose the output file of each input.

    sources (Sequence[Path]): The inputs, files or folders.
    output (Path): A `.spacy` file, for one input only, or a folder. In a folder
        every file is named like its input.
    is_many (bool): Whether several inputs or a folder of them were asked for.
    RETURNS (Dict[Path, Path]): Input to output.
    RAISES (ConversionError): If the output does not fit or two inputs would go
        to the same file.
    """
    if output.suffix == SUFFIX:
        if is_many:
            reason = f"one {SUFFIX} file cannot take several inputs. Give an output folder"
            raise ConversionError(reason, output)
        if output.is_dir():
            raise ConversionError("expected a file, found a folder of this name", output)
        return {sources[0]: output}
    if output.exists() and not output.is_dir():
        reason = f"exists and is no folder. Give a folder or a file that ends in {SUFFIX}"
        raise ConversionError(reason, output)
    targets: Dict[Path, Path] = {}
    taken: Dict[Path, Path] = {}
    for source in sources:
        stem = source.resolve().name if source.is_dir() else source.stem
        target = output / f"{stem}{SUFFIX}"
        if target in taken:
            reason = f"{taken[target]} and this both go to {target}. Convert them one by one"
            raise ConversionError(reason, source)
        taken[target] = source
        targets[source] = target
    return targets


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files, all of them or none.

    Everything goes to a temporary file beside its target first. Only when all
    are written do they take their names.

    contents (Mapping[Path, bytes]): What to write, by path. Folders are made.
    RAISES (OSError): If something cannot be written.
    """
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in contents}
    with ExitStack() as stack:
        stack.callback(_remove, temporary.values())
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary[path].write_bytes(content)
        for path in contents:
            os.replace(temporary[path], path)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            path.unlink()

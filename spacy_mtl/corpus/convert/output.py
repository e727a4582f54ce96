"""Choose the output files, and check that writing them destroys nothing."""

import os
import zlib
from pathlib import Path
from typing import Dict, Sequence

from .errors import ConversionError

SUFFIX = ".spacy"


def choose_targets(sources: Sequence[Path], output: Path, is_many: bool) -> Dict[Path, Path]:
    """Choose the output file of each input.

    sources (Sequence[Path]): The inputs, files or folders.
    output (Path): A `.spacy` file, for one input only, or a folder. In a folder
        every file is named after its input.
    is_many (bool): Whether several inputs or a folder of them were given.
    RETURNS (Dict[Path, Path]): Input to output.
    RAISES (ConversionError): If the output doesn't fit or two inputs would go to the
        same file.
    """
    if "\0" in str(output):
        raise ConversionError("the name of the output contains a NUL character")
    if output.suffix == SUFFIX:
        if is_many:
            reason = f"several inputs do not fit in one {SUFFIX} file. Choose an output folder"
            raise ConversionError(reason, output)
        return {sources[0]: output}
    if os.path.lexists(output) and not output.is_dir():
        reason = f"exists and is not a folder. Choose a folder, or a file that ends in {SUFFIX}"
        raise ConversionError(reason, output)
    targets: Dict[Path, Path] = {}
    # By the file that is finally written: names may be links.
    taken: Dict[str, Path] = {}
    for source in sources:
        stem = source.resolve().name if source.is_dir() else source.stem
        target = output / f"{stem}{SUFFIX}"
        real = os.path.realpath(target)
        if real in taken:
            reason = f"{taken[real]} and this both go to {target}. Convert them one by one"
            raise ConversionError(reason, source)
        taken[real] = source
        targets[source] = target
    return targets


def check_targets(targets: Sequence[Path], read: Sequence[Path], overwrite: bool = True) -> None:
    """Check that writing only overwrites `.spacy` files, if any.

    targets (Sequence[Path]): The outputs.
    read (Sequence[Path]): All files that are read.
    overwrite (bool): Whether `.spacy` files may be overwritten.
    RAISES (ConversionError): If an output is one of the inputs, under whatever name or
        link, or exists and isn't a `.spacy` file or must not be overwritten.
    """
    inputs = {(stat.st_dev, stat.st_ino): path for path in read for stat in [path.stat()]}
    for target in targets:
        if target.is_dir():
            raise ConversionError("expected a file, found a folder of this name", target)
        if not target.exists():
            continue
        stat = target.stat()
        if source := inputs.get((stat.st_dev, stat.st_ino)):
            raise ConversionError(
                f"the output is the input {source}, which would be lost. Choose another output",
                target,
            )
        if not target.is_file() or not _may_be_overwritten(target):
            raise ConversionError(
                f"exists and is not a {SUFFIX} file, although it is named like one. Choose another "
                "output, or remove it",
                target,
            )
        if not overwrite:
            raise ConversionError(
                "there is such a file already. Choose another output, or replace it with --force",
                target,
            )


def _may_be_overwritten(path: Path) -> bool:
    """Check whether a file is empty or begins like a `.spacy` file: compressed msgpack map."""
    with path.open("rb") as file_:
        head = file_.read(4096)
    if not head:
        return True
    try:
        first = zlib.decompressobj().decompress(head, 1)
    except zlib.error:
        return False
    return bool(first) and 0x80 <= first[0] <= 0x8F

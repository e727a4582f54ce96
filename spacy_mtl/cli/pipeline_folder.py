"""The folder that a command writes a pipeline to."""

import configparser
from pathlib import Path

from spacy.util import get_package_path, is_package
from thinc.api import Config

from ..files import CHECKSUMS, MARK, check_place
from .errors import CommandError

#: The files of a pipeline besides its components. Some languages have no tokenizer.
_CONFIG, _META, _TOKENIZER = "config.cfg", "meta.json", "tokenizer"
_BESIDE = (_CONFIG, _META, _TOKENIZER, CHECKSUMS, MARK, "vocab", "README.md", "LICENSE")


def check_output(pipeline: str, output: Path, force: bool, why_another: str) -> None:
    """Reject an output folder that would overwrite anything but another pipeline.

    pipeline (str): The name of the installed pipeline that is read, or its folder.
    output (Path): The folder to write.
    force (bool): Whether a pipeline there may be replaced.
    why_another (str): Why the pipeline can't be replaced itself: a sentence.
    RAISES (CommandError): If the folder can't or shouldn't be written.
    """
    if output.exists() and not output.is_dir():
        raise CommandError(f"'{output}' is a file. Specify a folder for the pipeline.")
    source = Path(get_package_path(pipeline)) if is_package(pipeline) else Path(pipeline)
    source, target = source.resolve(), output.resolve()
    if source == target or target.is_relative_to(source) or source.is_relative_to(target):
        raise CommandError(
            f"'{output}' is, is inside, or contains the pipeline '{pipeline}' itself",
            f"{why_another} Use another folder for it.",
        )
    check_place(output)
    if not output.is_dir() or not any(output.iterdir()):
        return
    if not force:
        raise CommandError(
            f"The folder '{output}' is not empty. Use another, or replace the pipeline there "
            "with --force.",
        )
    found = _not_of_pipeline(output)
    if found:
        raise CommandError(
            f"The folder '{output}' contains something other than a pipeline: {found}",
            "--force replaces the whole folder. Use another, or remove it yourself.",
        )


def _not_of_pipeline(folder: Path) -> str:
    """Find signs that a folder isn't just a pipeline, so that we must not remove it."""
    has = {path.name for path in folder.iterdir()}
    missing = [name for name in (_CONFIG, _META) if name not in has]
    if not has & {_TOKENIZER, CHECKSUMS}:
        missing.append(_TOKENIZER)
    known = set(_BESIDE)
    if _CONFIG in has:
        try:
            config = Config().from_disk(folder / _CONFIG, interpolate=False)
            known.update(config.get("components", {}), config["nlp"]["pipeline"])
        except (OSError, ValueError, LookupError, TypeError, configparser.Error) as err:
            return f"its {_CONFIG} cannot be read ({err})"
    others = sorted(has - known)
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        return f"'{others[0]}'{more}"
    return f"there is no {missing[0]}" if missing else ""

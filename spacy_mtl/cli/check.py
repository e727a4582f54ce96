"""`python -m spacy mtl check`: check a pipeline before loading it."""

import typer
from wasabi import msg

from ..compat.spacy_cli import Arg
from ..deploy.check import check_pipeline
from ..deploy.findings import DAMAGE, DANGER, NOTE, Checked
from .errors import telling

_TITLES = {
    DANGER: "Do not load it unless you know and trust its author",
    DAMAGE: "It is damaged, or does not fit what is installed here",
    NOTE: "Good to know",
}


@telling("Cannot check")
def check_cli(
    pipeline: str = Arg(..., help="The folder of a pipeline, or the name of an installed one"),
) -> None:
    """
    Check a saved pipeline before loading it, without running any of it.

    Looks for anything that would run code or write elsewhere, damaged files (also by the
    checksums that `mtl train` and `mtl quantize` write), versions that don't fit, and heads
    whose labels don't fit their model. Exits with 1 if it finds any.
    """
    checked = check_pipeline(pipeline)
    _print_parts(checked)
    for kind, title in _TITLES.items():
        found = [finding for finding in checked.findings if finding.kind == kind]
        if found and kind == NOTE:
            msg.info(title)
        elif found:
            msg.fail(title)
        for finding in found:
            msg.text(f"  {_shown(finding.where)}: {_shown(finding.text)}")
    if not checked.is_good:
        raise typer.Exit(1)
    if checked.has_checksums:
        msg.good("Nothing found: its files match their checksums")
    else:
        msg.good("Nothing found. It has no checksums, so changed weights would go unnoticed")


def _print_parts(checked: Checked) -> None:
    msg.divider(_shown(str(checked.folder)))
    rows = [
        (
            _shown(part.name),
            _shown(part.factory),
            f"{part.n_bytes / 2**20:.1f}",
            "-" if part.n_parameters is None else f"{part.n_parameters:,}",
            "-" if part.n_labels is None else f"{part.n_labels}",
        )
        for part in checked.parts
    ]
    header = ("component", "factory", "MiB", "parameters", "labels")
    msg.table(rows, header=header, aligns=("l", "l", "r", "r", "r"), divider=True)


def _shown(text: str) -> str:
    """Escape text from the pipeline, so that it can't control the terminal or mimic our lines."""
    plain = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text.replace("\n", " | "))
    return plain if len(plain) <= 1000 else f"{plain[:1000]}..."

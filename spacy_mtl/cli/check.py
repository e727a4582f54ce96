"""`python -m spacy mtl check`: a pipeline, before it is loaded."""

import typer
from wasabi import msg

from ..compat.spacy_cli import Arg
from ..deploy.check import check_pipeline
from ..deploy.findings import DAMAGE, DANGER, NOTE, Checked
from .errors import telling

_TITLES = {
    DANGER: "Do not load it, unless you know and trust who made it",
    DAMAGE: "It is damaged, or does not fit what is installed here",
    NOTE: "Good to know",
}


@telling("Cannot check")
def check_cli(
    pipeline: str = Arg(..., help="The folder of a pipeline, or the name of an installed one"),
) -> None:
    """
    Check a saved pipeline before it is loaded. Nothing of it is run.

    Looks for what would run code or write elsewhere, for files that are damaged (by the checksums
    that `mtl train` and `mtl quantize` write, too), for versions that do not fit, and for heads
    whose labels do not fit their model. Ends with 1 if it finds any.
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
        msg.good("Nothing found: its files are those that were written")
    else:
        msg.good("Nothing found. It has no checksums, so other weights would not be noticed")


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
    """What is checked does not steer the terminal, nor look like lines of ours."""
    plain = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text.replace("\n", " | "))
    return plain if len(plain) <= 1000 else f"{plain[:1000]}..."

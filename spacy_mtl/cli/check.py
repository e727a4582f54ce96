"""`python -m spacy mtl check`: check a pipeline before loading it."""

from dataclasses import asdict
from typing import Any, Dict

from wasabi import msg

from ..compat.spacy_cli import Arg
from ..deploy.findings import DAMAGE, DANGER, NOTE, Checked
from .errors import telling
from .outcome import Outcome, reporting

_TITLES = {
    DANGER: "Do not load it unless you know and trust its author",
    DAMAGE: "It is damaged, or does not fit what is installed here",
    NOTE: "Good to know",
}


@reporting
@telling("Cannot check")
def check_cli(
    pipeline: str = Arg(..., help="The folder of a pipeline, or the name of an installed one"),
) -> Outcome:
    """
    Check a saved pipeline before loading it, without running any of it.

    Looks for anything that would run code or write elsewhere, damaged files (also by the
    checksums that `mtl train` and `mtl quantize` write), versions that don't fit, and heads
    whose labels don't fit their model. Exits with 1 if it finds any.

    Example: python -m spacy mtl check training/model-best
    """
    from ..deploy.check import check_pipeline

    checked = check_pipeline(pipeline)
    return Outcome(_as_json(checked), lambda: _print(checked), status=0 if checked.is_good else 1)


def _as_json(checked: Checked) -> Dict[str, Any]:
    return {
        "folder": str(checked.folder),
        "good": checked.is_good,
        "checksums": checked.has_checksums,
        "components": [asdict(part) for part in checked.parts],
        "findings": [asdict(finding) for finding in checked.findings],
    }


def _print(checked: Checked) -> None:
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
        return
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

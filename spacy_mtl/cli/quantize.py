"""`python -m spacy mtl quantize`: a trained pipeline in int8, for CPUs."""

from pathlib import Path
from typing import Optional

import typer
from spacy.cli._util import Arg, Opt
from spacy.util import get_package_path, is_package
from wasabi import msg

from ..deploy.quantize import QuantizationError, quantize
from ..files import write_in_place
from .config import load_code
from .errors import explained

#: In a folder, these show that it is a pipeline, or was to be one.
_OF_PIPELINE = ("config.cfg", "meta.json", "tokenizer")


def _points(value: float) -> float:
    if not -100 <= value <= 100:
        raise typer.BadParameter(f"{value} is no number of points from -100 to 100")
    return value


@explained("Cannot quantize")
def quantize_cli(
    pipeline: str = Arg(..., help="The name of an installed pipeline, or its folder"),
    output: Path = Arg(..., metavar="OUT", help="Folder for the pipeline in int8"),
    data: Optional[Path] = Opt(
        None,
        "--data",
        "-d",
        help="Annotated documents to measure on (default: the pipeline's development corpus)",
    ),
    gold_preproc: bool = Opt(
        False, "--gold-preproc", "-G", help="Take sentences and tokens of --data as they are"
    ),
    max_loss: float = Opt(
        1.0,
        "--max-loss",
        "-m",
        help="Points of 100 that a task may lose; else nothing is written",
        callback=_points,
    ),
    unmeasured: bool = Opt(
        False, "--unmeasured", "-u", help="Write even if the corpus does not annotate every task"
    ),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions that the pipeline's config names"
    ),
    force: bool = Opt(False, "--force", "-f", help="Replace a pipeline that is there"),
) -> None:
    """
    Have the encoder of a trained pipeline compute in int8, by dynamic quantization.

    Prints what every task has before and after. Nothing is written if a task loses more
    than --max-loss. The pipeline in int8 is for CPUs, and cannot be trained further. It is
    faster; its weights are still saved in float32.
    """
    _check_output(pipeline, output, force)
    if gold_preproc and data is None:
        msg.fail("--gold-preproc is for --data; the pipeline's own corpus has its own.", exits=1)
    load_code(code)
    try:
        result = quantize(pipeline, data, gold_preproc=gold_preproc)
    except QuantizationError as err:
        msg.fail("Cannot quantize", str(err), exits=1)
    msg.table(
        [
            (s.task, s.score, f"{100 * s.before:.2f}", f"{100 * s.after:.2f}", f"{s.lost:+.2f}")
            for s in result.scores
        ],
        header=("task", "score", "before", "int8", "lost"),
        aligns=("l", "l", "r", "r", "r"),
        divider=True,
    )
    msg.info(
        f"Words a second: {result.speed_before:,.0f} before, {result.speed_after:,.0f} in int8"
    )
    worst = max(result.scores, key=lambda s: s.lost)
    if worst.lost > max_loss:
        msg.fail(
            f"'{worst.task}' loses {worst.lost:.2f} points, more than {max_loss:g}: nothing is "
            "written",
            "Allow more by --max-loss, or stay with float32 or bfloat16.",
            exits=1,
        )
    if result.unmeasured and not unmeasured:
        msg.fail(
            f"Not measured: {', '.join(result.unmeasured)}. Nothing is written",
            "The corpus does not annotate that, or it has no scorer. Name another corpus by "
            "--data, or write the pipeline all the same by --unmeasured.",
            exits=1,
        )
    write_in_place(result.nlp.to_disk, output)
    msg.good(f"Saved the pipeline in int8: {output}")


def _check_output(pipeline: str, output: Path, force: bool) -> None:
    """Refuse what would take from someone what is not asked for."""
    if output.exists() and not output.is_dir():
        msg.fail(f"'{output}' is a file. Name a folder for the pipeline.", exits=1)
    source = Path(get_package_path(pipeline)) if is_package(pipeline) else Path(pipeline)
    source, target = source.resolve(), output.resolve()
    if source == target or target.is_relative_to(source) or source.is_relative_to(target):
        msg.fail(
            f"'{output}' is, is in, or has in it the pipeline '{pipeline}' itself",
            "The pipeline in int8 cannot be trained further. Name another folder for it.",
            exits=1,
        )
    if not output.is_dir() or not any(output.iterdir()):
        return
    if not force:
        msg.fail(
            f"The folder '{output}' is not empty. Name another, or replace the pipeline there "
            "with --force.",
            exits=1,
        )
    if not any((output / name).exists() for name in _OF_PIPELINE):
        msg.fail(
            f"The folder '{output}' has something else than a pipeline in it",
            "--force replaces the whole folder. Name another, or remove it yourself.",
            exits=1,
        )

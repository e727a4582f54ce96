"""`python -m spacy mtl quantize`: a trained pipeline in int8, for CPUs."""

from pathlib import Path
from typing import Optional

from spacy.cli._util import Arg, Opt, import_code
from wasabi import msg

from ..deploy.quantize import QuantizationError, quantize


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
        1.0, "--max-loss", "-m", help="Points of 100 that a task may lose; else nothing is written"
    ),
    unmeasured: bool = Opt(
        False, "--unmeasured", "-u", help="Write even if the corpus does not annotate every task"
    ),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions that the pipeline's config names"
    ),
    force: bool = Opt(False, "--force", "-f", help="Write into a folder that is not empty"),
) -> None:
    """
    Have the encoder of a trained pipeline compute in int8, by dynamic quantization.

    Prints what every task has before and after. Nothing is written if a task loses more
    than --max-loss. The pipeline in int8 is for CPUs, and cannot be trained further. It is
    faster; its weights are still saved in float32.
    """
    if output.exists() and not output.is_dir():
        msg.fail(f"'{output}' is a file. Name a folder for the pipeline.", exits=1)
    if output.is_dir() and any(output.iterdir()) and not force:
        msg.fail(
            f"The folder '{output}' is not empty. Name another, or write into it with --force.",
            exits=1,
        )
    if gold_preproc and data is None:
        msg.fail("--gold-preproc is for --data; the pipeline's own corpus has its own.", exits=1)
    import_code(code)
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
    result.nlp.to_disk(output)
    msg.good(f"Saved the pipeline in int8: {output}")

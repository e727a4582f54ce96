"""`python -m spacy mtl quantize`: convert a trained pipeline to int8, for CPUs."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, Optional

import typer
from wasabi import msg

from ..compat.spacy_cli import Arg, Opt
from ..files import write_in_place
from .config import load_code
from .errors import CommandError, telling
from .outcome import Outcome, reporting
from .pipeline_folder import check_output

#: The default of `quantize`, which is not imported before it is needed.
MAX_LOSS = 0.3
_WHY_ANOTHER = "The pipeline in int8 cannot be trained further."


def _points(value: float) -> float:
    if not -100 <= value <= 100:
        raise typer.BadParameter(f"{value} is not a number of points from -100 to 100")
    return value


@reporting
@telling("Cannot quantize")
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
        False, "--gold-preproc", "-G", help="Use the sentences and tokens of --data as they are"
    ),
    max_loss: float = Opt(
        MAX_LOSS,
        "--max-loss",
        "-m",
        help="Points (of 100) that a task may lose; otherwise nothing is written",
        callback=_points,
    ),
    unmeasured: bool = Opt(
        False, "--unmeasured", "-u", help="Write even if the corpus does not annotate every task"
    ),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the pipeline's config"
    ),
    force: bool = Opt(False, "--force", "-F", "-f", help="Replace an existing pipeline"),
) -> Outcome:
    """
    Convert the encoder of a trained pipeline to int8, calibrated on a corpus.

    Prints the scores of every task before and after. Layers that cost too much stay in bfloat16
    or float32. Nothing is written if a task still loses more than --max-loss. The pipeline in
    int8 is faster on CPUs, and can't be trained further. Its weights are still saved in float32.

    Example: python -m spacy mtl quantize training/model-best int8
    """
    from ..deploy.quantize import quantize

    check_output(pipeline, output, force, _WHY_ANOTHER)
    if gold_preproc and data is None:
        raise CommandError("--gold-preproc needs --data; the pipeline's own corpus sets its own.")
    load_code(code)
    result = quantize(pipeline, data, gold_preproc=gold_preproc, max_loss=max_loss)
    worst = max(result.scores, key=lambda s: s.lost)
    if worst.lost > max_loss:
        _print(result)
        raise CommandError(
            f"'{worst.task}' loses {worst.lost:.2f} points, more than {max_loss:g}. Nothing was "
            "written",
            "Allow more with --max-loss, or keep float32 or bfloat16.",
        )
    if result.unmeasured and not unmeasured:
        _print(result)
        raise CommandError(
            f"Not measured: {', '.join(result.unmeasured)}. Nothing was written",
            "The corpus does not annotate it, or it has no scorer. Use another corpus with "
            "--data, or write the pipeline anyway with --unmeasured.",
        )
    # This took a while: the folder may have changed in the meantime.
    check_output(pipeline, output, force, _WHY_ANOTHER)
    write_in_place(result.nlp.to_disk, output)
    return Outcome(_as_json(result, output), lambda: _print(result, output))


def _as_json(result: Any, output: Path) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): A `Quantized` as JSON."""
    return {
        "output": str(output),
        "scores": [{**asdict(score), "lost": score.lost} for score in result.scores],
        "unmeasured": result.unmeasured,
        "n_layers": result.n_layers,
        "left_out": result.left_out,
        "cosine": result.tried[-1].cosine,
        "words_per_second": {"before": result.speed_before, "int8": result.tried[-1].speed},
    }


def _print(result: Any, output: Optional[Path] = None) -> None:
    """Print what a `Quantized` has tried, the scores of the last attempt, and where it is."""
    tried = [
        (
            f"{result.n_layers - each.n_left_out} of {result.n_layers}",
            f"{each.cosine:.4f}",
            f"{each.worst.lost:+.2f} ({each.worst.task})" if each.worst else "not measured",
            f"{each.speed:,.0f}" if each.worst else "-",
        )
        for each in result.tried
    ]
    header = ("layers in int8", "mean cosine", "most lost", "words per second")
    msg.table(tried, header=header, aligns=("l", "r", "l", "r"), divider=True)
    if result.left_out:
        msg.info(f"Not in int8: {', '.join(result.left_out)}")
    msg.table(
        [
            (s.task, s.score, f"{100 * s.before:.2f}", f"{100 * s.after:.2f}", f"{s.lost:+.2f}")
            for s in result.scores
        ],
        header=("task", "score", "before", "int8", "lost"),
        aligns=("l", "l", "r", "r", "r"),
        divider=True,
    )
    speed = result.tried[-1].speed
    msg.info(f"Words per second: {result.speed_before:,.0f} before, {speed:,.0f} in int8")
    if output is not None:
        msg.good(f"Saved the pipeline in int8: {output}")

"""`python -m spacy mtl calibrate`: confidences that hold what they say, and thresholds for them."""

from pathlib import Path
from typing import Any, List, Optional

import typer
from spacy.language import Language

from ..atomic_files import write_files
from ..compat.spacy_cli import Arg, Opt
from ..files import write_in_place
from ..hints import nearest
from .config import choose_gpu, load_code
from .errors import CommandError, telling
from .outcome import Outcome, reporting
from .output_file import check_output_file
from .pipeline_folder import check_output
from .progress import annotating

_WHY_ANOTHER = "It is needed to calibrate anew."


def _share(value: Optional[float]) -> Optional[float]:
    if value is not None and not 0 < value <= 1:
        raise typer.BadParameter(f"{value} is not a share above 0 and up to 1, such as 0.9")
    return value


@reporting
@telling("Cannot calibrate")
def calibrate_cli(
    pipeline: str = Arg(..., help="The name of an installed pipeline, or its folder"),
    corpus: Path = Arg(
        ..., help="Annotated documents that it wasn't trained on: a .spacy file, or a folder"
    ),
    output: Path = Opt(..., "--output", "-o", help="Folder for the calibrated pipeline"),
    precision: Optional[float] = Opt(
        None,
        "--precision",
        "-p",
        help="Choose thresholds that keep as much as possible with this precision",
        callback=_share,
    ),
    recall: Optional[float] = Opt(
        None,
        "--recall",
        "-r",
        help="Choose the highest thresholds with this recall",
        callback=_share,
    ),
    best_f1: bool = Opt(False, "--best-f1", "-b", help="Choose thresholds with the best F1"),
    heads: str = Opt(
        "", "--heads", "-H", help="The heads to calibrate, separated by commas (default: all)"
    ),
    diagram: Optional[Path] = Opt(
        None, "--diagram", "-d", help="File for reliability diagrams (.svg)"
    ),
    gold_preproc: bool = Opt(
        False, "--gold-preproc", "-G", help="Use the sentences and tokens of the corpus as they are"
    ),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the pipeline's config"
    ),
    use_gpu: int = Opt(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU", min=-1),
    force: bool = Opt(
        False, "--force", "-F", "-f", help="Replace existing files, and an earlier calibration"
    ),
) -> Outcome:
    """
    Calibrate the confidences of a trained pipeline on a corpus, and choose thresholds.

    Each head gets a temperature (entities also a slope and an offset), unless that makes its
    confidences no better on texts that it wasn't fitted on. Weights stay as they are, and so do
    predictions without a threshold.

    Example: python -m spacy mtl calibrate training/model-best dev.spacy -o calibrated -p 0.9
    """
    goal = _goal(precision, recall, best_f1)
    check_output(pipeline, output, force, _WHY_ANOTHER)
    if diagram is not None:
        check_output_file(diagram, [".svg"], force, "--diagram", "calibration")
    # Import torch.
    from ..deploy.calibrate import calibrate
    from ..deploy.inputs import load_pipeline, read_examples
    from .calibrated import as_json, as_text, drawn

    load_code(code)
    choose_gpu(use_gpu)
    nlp = load_pipeline(pipeline)
    only = _check_heads(nlp, heads)
    examples = read_examples(nlp, corpus, gold_preproc=gold_preproc)
    found = calibrate(nlp, examples, goal, only=only, anew=force, shown=annotating)
    # This took a while: the folder may have changed in the meantime.
    check_output(pipeline, output, force, _WHY_ANOTHER)
    write_in_place(nlp.to_disk, output)
    if diagram is not None:
        write_files({diagram: drawn(found).encode("utf8")})
    return Outcome(as_json(found, output), lambda: as_text(nlp, found, output, diagram))


def _goal(precision: Optional[float], recall: Optional[float], best_f1: bool) -> Optional[Any]:
    """RETURNS (Optional[Goal]): The goal that thresholds are wanted for."""
    from ..calibration.goals import for_f1, for_precision, for_recall

    goals = []
    if precision is not None:
        goals.append(for_precision(precision))
    if recall is not None:
        goals.append(for_recall(recall))
    if best_f1:
        goals.append(for_f1())
    if len(goals) > 1:
        raise CommandError(
            "Only one of --precision, --recall and --best-f1 can be wanted at a time."
        )
    return goals[0] if goals else None


def _check_heads(nlp: Language, heads: str) -> List[str]:
    """RETURNS (List[str]): The heads in --heads."""
    from ..deploy.calibrate import heads_of

    names = [name.strip() for name in heads.split(",") if name.strip()]
    known = list(heads_of(nlp))
    for name in names:
        if name not in known:
            raise CommandError(
                f"--heads: the pipeline has no head '{name}'",
                f"{nearest(name, known)}Its heads: {', '.join(known)}.",
            )
    return names

"""`python -m spacy mtl evaluate`: what a pipeline gets right and wrong, with intervals."""

import json
from pathlib import Path
from typing import Any, Dict, Optional

import typer
from wasabi import msg

from ..compat.spacy_cli import Arg, Opt
from .config import choose_gpu, load_code
from .errors import CommandError, telling
from .outcome import Outcome, reporting
from .output_file import check_output_file, write_output_file
from .progress import annotating

_SUFFIXES = (".json", ".html")


@reporting
@telling("Cannot evaluate")
def evaluate_cli(
    pipeline: str = Arg(..., help="The name of an installed pipeline, or its folder"),
    corpus: Path = Arg(..., help="Annotated documents: a .spacy file, or a folder of them"),
    output: Optional[Path] = Opt(
        None, "--output", "-o", help="File for the results (.json), or a page to look at (.html)"
    ),
    gold_preproc: bool = Opt(
        False, "--gold-preproc", "-G", help="Use the sentences and tokens of the corpus as they are"
    ),
    n_samples: int = Opt(
        1000, "--n-samples", "-n", help="How often to draw documents for the intervals", min=1
    ),
    seed: int = Opt(0, "--seed", "-s", help="The seed of these draws", min=0),
    n_errors: int = Opt(
        5, "--errors", "-e", help="Number of entity errors of each kind to list", min=0
    ),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the pipeline's config"
    ),
    use_gpu: int = Opt(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU", min=-1),
    force: bool = Opt(False, "--force", "-F", "-f", help="Replace an existing file"),
) -> Outcome:
    """
    Evaluate each task of a pipeline: scores with 95 % intervals, labels, confusions and errors.

    Scores are spaCy's. Intervals show how much they would change with other documents of the same
    kind: a bootstrap over documents. Errors of entities are listed by kind, with their text.

    Example: python -m spacy mtl evaluate training/model-best corpus/test.spacy -o errors.html
    """
    if output is not None:
        check_output_file(output, _SUFFIXES, force)
    if not corpus.exists():
        raise CommandError(f"There is no corpus '{corpus}'", "Name a .spacy file, or a folder.")
    # Imports torch.
    from ..evaluation.as_json import evaluation_json
    from ..evaluation.evaluation import annotate, evaluate
    from ..evaluation.text import evaluation_text

    load_code(code)
    choose_gpu(use_gpu)
    nlp, examples = _read(pipeline, corpus, gold_preproc)
    examples = annotate(nlp, examples, annotating)
    found = evaluate(
        nlp,
        examples,
        n_samples=n_samples,
        seed=seed,
        n_errors=n_errors,
        with_calibration=True,
    )
    if not found.tasks and not found.uncounted:
        tasks = ", ".join(found.unannotated)
        raise CommandError(
            f"The corpus '{corpus}' has no annotation for any task of the pipeline"
            + (f": {tasks}" if tasks else ""),
            "Evaluate on a corpus that annotates at least one.",
        )
    data = evaluation_json(found)

    def show() -> None:
        typer.echo(evaluation_text(found))
        if output is not None:
            msg.good(f"Saved the results: {output}")

    if output is not None:
        write_output_file(output, _content(output, pipeline, corpus, found, data), force)
    return Outcome(data, show)


def _read(pipeline: str, corpus: Path, gold_preproc: bool) -> Any:
    from ..deploy.inputs import load_pipeline, read_examples

    nlp = load_pipeline(pipeline)
    examples = read_examples(nlp, corpus, gold_preproc=gold_preproc)
    if not examples:
        raise CommandError(f"The corpus '{corpus}' has no documents", "Name another.")
    return nlp, examples


def _content(output: Path, pipeline: str, corpus: Path, found: Any, data: Dict[str, Any]) -> str:
    if output.suffix.lower() == ".json":
        return json.dumps(data, allow_nan=False, indent=2, ensure_ascii=False) + "\n"
    from ..report.html.evaluation import evaluation_page

    return evaluation_page(found, title=f"{pipeline} on {corpus.name}")

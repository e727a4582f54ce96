"""`python -m spacy mtl merge`: fold the adapter of a task into the encoder."""

from pathlib import Path
from typing import Optional

from wasabi import msg

from ..compat.spacy_cli import Arg, Opt
from ..files import write_in_place
from .config import load_code
from .errors import telling
from .outcome import Outcome, reporting
from .pipeline_folder import check_output

_WHY_ANOTHER = "Merging keeps one task, and can't be undone."


@reporting
@telling("Cannot merge")
def merge_cli(
    pipeline: str = Arg(..., help="The name of an installed pipeline, or its folder"),
    output: Path = Opt(..., "--output", "-o", help="Folder for the merged pipeline"),
    task: str = Opt("", "--task", "-t", help="The head to keep, if there are several"),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the pipeline's config"
    ),
    force: bool = Opt(False, "--force", "-F", "-f", help="Replace an existing pipeline"),
) -> Outcome:
    """
    Fold the LoRA of a task into the weights of the encoder.

    The new pipeline has this head alone. It predicts the same, and is as fast as one without
    adapters.

    Example: python -m spacy mtl merge training/model-best --task ner --output merged
    """
    from ..deploy.adapters import merge
    from ..deploy.inputs import load_pipeline

    check_output(pipeline, output, force, _WHY_ANOTHER)
    load_code(code)
    nlp = load_pipeline(pipeline)
    merged = merge(nlp, task or None)
    write_in_place(merged.to_disk, output)
    left_out = [name for name in nlp.pipe_names if name not in merged.pipe_names]
    kept = merged.pipe_names

    def show() -> None:
        if left_out:
            msg.info(f"Left out: {', '.join(left_out)}")
        msg.good(f"Saved the pipeline with {', '.join(kept)}: {output}")

    return Outcome({"output": str(output), "pipeline": kept, "left_out": left_out}, show)

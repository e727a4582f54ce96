"""`python -m spacy mtl add-label`: new labels for a head of a trained pipeline."""

from pathlib import Path
from typing import List, Optional

from wasabi import msg

from ..compat.spacy_cli import Arg, Opt
from ..files import write_in_place
from .config import load_code
from .errors import telling
from .outcome import Outcome, reporting
from .pipeline_folder import check_output

_WHY_ANOTHER = "It is needed to rehearse what it knows."


@reporting
@telling("Cannot add labels")
def add_label_cli(
    pipeline: str = Arg(..., help="The name of an installed pipeline, or its folder"),
    head: str = Arg(..., help="The head that gets the labels"),
    labels: List[str] = Arg(..., help="The new labels"),
    output: Path = Opt(..., "--output", "-o", help="Folder for the pipeline with the new labels"),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the pipeline's config"
    ),
    force: bool = Opt(False, "--force", "-F", "-f", help="Replace an existing pipeline"),
) -> Outcome:
    """
    Add labels to a trained head, which goes on predicting what it did until it is trained.

    What the head has learned stays as it is. The new labels are hardly ever predicted before the
    pipeline is trained further, on texts that have them. Rehearse the old pipeline meanwhile, so
    that nothing is forgotten: see `spacy_mtl.rehearse`.

    Example: python -m spacy mtl add-label training/model-best ner EVENT PRODUCT -o grown
    """
    check_output(pipeline, output, force, _WHY_ANOTHER)
    # Import torch.
    from ..deploy.add_label import add_labels
    from ..deploy.inputs import load_pipeline

    load_code(code)
    nlp = load_pipeline(pipeline)
    found = add_labels(nlp, head, labels)
    # This took a while: the folder may have changed in the meantime.
    check_output(pipeline, output, force, _WHY_ANOTHER)
    write_in_place(nlp.to_disk, output)

    def show() -> None:
        added = ", ".join(f"'{label}'" for label in found.added)
        msg.good(f"Added to '{head}': {added}. It has {len(found.labels)} labels now.")
        for note in found.notes:
            msg.warn(note)
        msg.good(f"Saved the pipeline: {output}")
        msg.info(
            "Next, train it on texts with the new labels, and rehearse what it knew",
            "After each nlp.update, call spacy_mtl.rehearse(nlp, spacy.load("
            f"'{pipeline}'), examples, sgd) with texts like those it was trained on. Load the old "
            "pipeline only once. To train it with `spacy mtl train` instead, on texts with all of "
            f'its labels, set source = "{output}" in the block of each component.',
        )

    data = {
        "output": str(output),
        "head": head,
        "added": found.added,
        "labels": found.labels,
        "notes": found.notes,
    }
    return Outcome(data, show)

"""Find the joint component of a pipeline, for code that isn't one of its heads."""

from typing import Optional, Tuple

from spacy.language import Language

from .component import MultiTask


def find_joint(nlp: Language) -> Optional[Tuple[str, MultiTask]]:
    """Find the joint component of a pipeline, even if it is disabled.

    nlp (Language): The pipeline.
    RETURNS (Optional[Tuple[str, MultiTask]]): Its name in the pipeline and the component, or
        None if there isn't one.
    """
    for name, pipe in nlp.components:
        if isinstance(pipe, MultiTask):
            return name, pipe
    return None


def has_pretrained_encoder(nlp: Language) -> bool:
    """RETURNS (bool): Whether the joint component of a pipeline has one: see `MultiTask`."""
    joint = find_joint(nlp)
    return joint is not None and joint[1].is_pretrained

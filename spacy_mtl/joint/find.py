"""Where the joint component of a pipeline is, for those who are none of its heads."""

from typing import Optional, Tuple

from spacy.language import Language

from .component import MultiTask


def find_joint(nlp: Language) -> Optional[Tuple[str, MultiTask]]:
    """Find the joint component of a pipeline. It may be disabled.

    nlp (Language): The pipeline.
    RETURNS (Optional[Tuple[str, MultiTask]]): Its name there and the component; None if there is
        none.
    """
    for name, pipe in nlp.components:
        if isinstance(pipe, MultiTask):
            return name, pipe
    return None

"""Reading a trained pipeline, and a corpus to measure it on."""

import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

from spacy.language import Language
from spacy.training import Corpus, Example
from spacy.util import load_model

from .saved import find_pipeline

#: What to do if a corpus that was named can't be read.
ANOTHER = "Name a .spacy file (see `python -m spacy mtl convert`), or a folder of them."


class InputError(ValueError):
    """A pipeline or corpus that can't be read."""


def load_pipeline(
    pipeline: Union[str, Path], overrides: Optional[Dict[str, Any]] = None
) -> Language:
    """Load a trained pipeline.

    pipeline (Union[str, Path]): The name of an installed pipeline, or its folder.
    overrides (Optional[Dict[str, Any]]): Other settings, by dotted key.
    RETURNS (Language): The pipeline.
    RAISES (InputError): If there is none, or it can't be loaded.
    """
    try:
        folder = find_pipeline(str(pipeline))
        # A package may have code of its own, which only its name imports.
        given = folder if os.path.exists(pipeline) else pipeline
        return load_model(given, config=overrides or {})
    except (OSError, ValueError) as err:
        raise InputError(str(err)) from err


def read_examples(
    nlp: Language, corpus: Path, *, gold_preproc: bool, instead: str = ANOTHER
) -> List[Example]:
    """Read an annotated corpus.

    nlp (Language): The pipeline.
    corpus (Path): A .spacy file, or a folder of them.
    gold_preproc (bool): Whether to use the corpus's own sentences and tokens.
    instead (str): What to do if it can't be read: a sentence.
    RETURNS (List[Example]): The examples, not annotated by the pipeline yet.
    RAISES (InputError): If there is none, or it can't be read.
    """
    if not corpus.exists():
        raise InputError(f"There is no corpus '{corpus}'.")
    if corpus.is_file() and corpus.suffix != ".spacy":
        # spaCy's reader would take it for an empty folder.
        raise InputError(f"The corpus '{corpus}' is not a .spacy file. {instead}")
    try:
        return list(Corpus(corpus, gold_preproc=gold_preproc)(nlp))
    # Damaged files raise anything.
    except Exception as err:
        raise InputError(
            f"The corpus '{corpus}' can't be read. {instead} The reader said: {err}"
        ) from err

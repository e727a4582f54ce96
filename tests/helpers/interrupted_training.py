"""Check that an interrupted training continues as if it had not been interrupted."""

from pathlib import Path
from typing import Any, Callable

import spacy
from short_training import assert_same


def assert_resumes_as_uninterrupted(train: Callable[..., Any]) -> None:
    """Resume a training, and repeat it from the beginning: both are equal to the last bit.

    train (Callable): Runs `spacy mtl train` with the folder "out".
    """
    result = train("--resume")
    assert result.exit_code == 0, result.output
    after = spacy.load("out/model-last")
    Path("out").rename("other")
    assert train().exit_code == 0
    assert_same(after, spacy.load("out/model-last"))

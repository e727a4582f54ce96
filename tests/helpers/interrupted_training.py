"""Whether a training that was broken off goes on as if it had not been."""

from pathlib import Path
from typing import Any, Callable

import spacy
from short_training import assert_same


def assert_goes_on_as_uninterrupted(train: Callable[..., Any]) -> None:
    """Train to the end, and once more from the beginning: the same to the last bit.

    train (Callable): Runs `spacy mtl train` with the folder "out".
    """
    result = train("--resume")
    assert result.exit_code == 0, result.output
    after = spacy.load("out/model-last")
    Path("out").rename("other")
    assert train().exit_code == 0
    assert_same(after, spacy.load("out/model-last"))

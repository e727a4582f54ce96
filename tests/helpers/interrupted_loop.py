"""The loop of `spacy mtl train`, stopped after a step and started again."""

import io
from pathlib import Path
from typing import Any, Optional

import pytest
import spacy
from spacy.training.initialize import init_nlp
from thinc.api import Config

from spacy_mtl.train.checkpoint import find_latest
from spacy_mtl.train.loop import train


def run(
    config: Config, output: Path, stop: Optional[int] = None, every: Optional[int] = None
) -> None:
    """Train, from the last checkpoint if there is one, and stop ("kill") it after a step."""
    found = find_latest(output) if output.exists() else None
    nlp = init_nlp(config) if found is None else spacy.load(found.pipeline)
    if stop is None:
        train(nlp, output, checkpoint=found, every=every, stdout=io.StringIO())
        return

    update = nlp.update
    n_updates = 0 if found is None else found.step

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        nonlocal n_updates
        n_updates += 1
        if n_updates > stop:
            raise InterruptedError
        return update(*args, **kwargs)

    nlp.update = interrupted  # type: ignore[method-assign]
    with pytest.raises(InterruptedError):
        train(nlp, output, checkpoint=found, every=every, stdout=io.StringIO())

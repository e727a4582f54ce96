"""A logger that records its calls."""

import pytest
from logged_trainings import Recorder
from spacy.util import registry


@pytest.fixture
def recorder() -> Recorder:
    """A logger, registered as tests.recorder.v1."""
    recorder = Recorder()
    registry.loggers.register("tests.recorder.v1", func=lambda: recorder)
    return recorder

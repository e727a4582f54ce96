"""A training that goes on from a checkpoint, or is refused."""

import io
from pathlib import Path

from spacy_mtl.train.checkpoint import CheckpointError, find_latest
from spacy_mtl.train.loop import train


def resume(output: Path) -> None:
    """As the command does, but for what it compares with the config and the machine."""
    found = find_latest(output)
    assert found is not None
    # The command goes on with --differ.
    damaged = found.check()
    if damaged:
        raise CheckpointError(damaged[0])
    found.read_meta()
    train(found.load_pipeline(), output, checkpoint=found, stdout=io.StringIO())


def is_refused(output: Path) -> bool:
    """Whether it does not go on, by an error of ours."""
    try:
        resume(output)
    except CheckpointError:
        return True
    return False

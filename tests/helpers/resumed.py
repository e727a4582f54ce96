"""Resume a training from a checkpoint, or be refused."""

import io
from pathlib import Path

from spacy_mtl.train.checkpoint import CheckpointError, find_latest
from spacy_mtl.train.loop import train


def resume(output: Path) -> None:
    """Resume like the command, without comparing the config and the machine."""
    found = find_latest(output)
    assert found is not None
    # With --differ, the command continues.
    damaged = found.check()
    if damaged:
        raise CheckpointError(damaged[0])
    found.read_meta()
    train(found.load_pipeline(), output, checkpoint=found, stdout=io.StringIO())


def is_refused(output: Path) -> bool:
    """Whether resuming is refused with an error of ours."""
    try:
        resume(output)
    except CheckpointError:
        return True
    return False

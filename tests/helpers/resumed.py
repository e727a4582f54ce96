"""Resume a training from a checkpoint, or check that it is rejected."""

import io
from pathlib import Path

from spacy_mtl.train.checkpoint import CheckpointError, find_latest
from spacy_mtl.train.loop import train


def resume(output: Path) -> None:
    """Resume like the command, but without comparing config and machine."""
    found = find_latest(output)
    assert found is not None
    # The command would continue with --differ.
    damaged = found.check()
    if damaged:
        raise CheckpointError(damaged[0])
    found.read_meta()
    train(found.load_pipeline(), output, checkpoint=found, stdout=io.StringIO())


def is_refused(output: Path) -> bool:
    """Check whether resuming fails with our own error."""
    try:
        resume(output)
    except CheckpointError:
        return True
    return False

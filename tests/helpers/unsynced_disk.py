"""Skip syncing files to disk, for tests that write a lot and don't simulate power failures.

Syncing takes most of the time of a short training with checkpoints.
"""

import os

import pytest


def leave_unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `os.fsync` do nothing."""
    monkeypatch.setattr(os, "fsync", lambda number: None)

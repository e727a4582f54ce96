"""Files that are left to the system's cache: for tests that write a lot, and pull no plug.

Bringing each file to the disk takes most of the time of a short training with checkpoints.
"""

import os

import pytest


def leave_unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `os.fsync` do nothing."""
    monkeypatch.setattr(os, "fsync", lambda number: None)

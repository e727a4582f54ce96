"""Locks that are free in a forked process, whoever held them in its parent."""

import os
from threading import RLock
from typing import Any
from weakref import WeakSet


class ForkSafeLock:
    """A reentrant lock for `with`. The thread that held it doesn't exist in a forked process."""

    def __init__(self) -> None:
        self._lock = RLock()
        _LOCKS.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: Any) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Free the lock."""
        self._lock = RLock()


_LOCKS: "WeakSet[ForkSafeLock]" = WeakSet()


def _renew_all() -> None:
    for lock in list(_LOCKS):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)

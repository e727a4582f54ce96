"""Torch in forked worker processes.

`nlp.pipe(n_process=2)` forks on Linux. A child inherits the state of the parent's
OpenMP threads but not the threads themselves, so its first parallel region waits for
them forever. A single thread opens no parallel region, and `n_process` is meant to use
one worker per core anyway.
"""

import os
import sys

_registered = False


def use_one_thread_after_fork() -> None:
    """Make forked children of this process run torch on one thread each."""
    global _registered
    if not _registered and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_use_one_thread)
        _registered = True


def _use_one_thread() -> None:
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)

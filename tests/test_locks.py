"""Locks in forked processes."""

import os
from threading import Event, Thread

import pytest

from spacy_mtl.locks import ForkSafeLock


def test_reentrant() -> None:
    lock = ForkSafeLock()
    with lock, lock:
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_free_in_a_forked_process() -> None:
    lock, held, done = ForkSafeLock(), Event(), Event()

    def hold() -> None:
        with lock:
            held.set()
            done.wait(30)

    thread = Thread(target=hold)
    thread.start()
    held.wait(30)
    child = os.fork()
    if child == 0:
        with lock:
            os._exit(7)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 7

"""Interrupts: SIGTERM as one, and Ctrl-C once it suits."""

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List

#: How often a process looks whether its parent is still there, in seconds.
_INTERVAL = 1.0


class TerminatedError(KeyboardInterrupt):
    """Raised by SIGTERM. Unlike Ctrl-C, only this process has got it, and not those it started."""


@contextmanager
def interrupted_by_terminate() -> Iterator[None]:
    """Let SIGTERM interrupt what happens inside, so that it can end its processes and clean up.

    RAISES (TerminatedError): On SIGTERM, if this is the main thread.
    """

    def interrupt(number: int, frame: Any) -> None:
        raise TerminatedError

    with _handled(signal.SIGTERM, interrupt):
        yield


def terminate_without(parent: int) -> None:
    """Send this process SIGTERM when the process that has started it has ended, however it ended.

    parent (int): The ID of that process.
    """

    def watch() -> None:
        # An orphan gets another parent.
        while os.getppid() == parent:
            time.sleep(_INTERVAL)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def held_interrupts() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C inside wait until it suits. The second one interrupts at once.

    YIELDS (Callable[[], bool]): Whether there was one. Never if this isn't the main thread.
    RAISES (KeyboardInterrupt): On the second one.
    """
    found: List[int] = []

    def note(number: int, frame: Any) -> None:
        if found:
            raise KeyboardInterrupt
        found.append(number)

    with _handled(signal.SIGINT, note):
        yield lambda: bool(found)


@contextmanager
def _handled(number: signal.Signals, how: Callable[[int, Any], None]) -> Iterator[None]:
    if signal.getsignal(number) == signal.SIG_IGN:
        # In the background of a script, Ctrl-C is for others.
        yield
        return
    try:
        before = signal.signal(number, how)
    except ValueError:
        # Only the main thread may do so.
        yield
        return
    try:
        yield
    finally:
        signal.signal(number, before)

"""SIGTERM, which schedulers of clusters send, as an interrupt like Ctrl-C."""

import signal
from contextlib import contextmanager
from typing import Any, Iterator


class TerminatedError(KeyboardInterrupt):
    """Raised by SIGTERM. Unlike Ctrl-C, only this process has got it, and not those it started."""


@contextmanager
def interrupted_by_terminate() -> Iterator[None]:
    """Let SIGTERM interrupt what happens inside, so that it can end its processes and clean up.

    RAISES (TerminatedError): On SIGTERM, if this is the main thread.
    """

    def interrupt(number: int, frame: Any) -> None:
        raise TerminatedError

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:
        # Only the main thread may do so.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

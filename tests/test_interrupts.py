"""Interrupts wait where they should, and are ignored where they were."""

import signal
from threading import Thread
from typing import Iterator, List

import pytest

from spacy_mtl.interrupts import TerminatedError, held_interrupts, interrupted_by_terminate


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """As in a terminal, also where the tests run in the background."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_first_interrupt_waits() -> None:
    with held_interrupts() as is_interrupted:
        assert not is_interrupted()
        signal.raise_signal(signal.SIGINT)
        assert is_interrupted()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_the_second_interrupt_does_not() -> None:
    with held_interrupts():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_terminate_interrupts() -> None:
    with pytest.raises(TerminatedError), interrupted_by_terminate():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_what_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with held_interrupts() as is_interrupted:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert not is_interrupted()
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_another_thread_is_never_interrupted() -> None:
    found: List[bool] = []

    def run() -> None:
        with held_interrupts() as is_interrupted, interrupted_by_terminate():
            found.append(is_interrupted())

    thread = Thread(target=run)
    thread.start()
    thread.join()
    assert found == [False]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

"""Threads of processes that share the cores."""

import os

import pytest

from spacy_mtl.cores import threads_each


@pytest.mark.parametrize(("n_processes", "n_threads"), [(1, 6), (2, 3), (4, 1), (9, 1)])
def test_cores_are_shared(
    n_processes: int, n_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that this process may use, of all that there are."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(6), raising=False)
    assert threads_each(n_processes) == n_threads


def test_systems_that_do_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert threads_each(2) == 2
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads_each(2) == 1

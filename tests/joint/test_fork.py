"""Forked worker processes."""

import multiprocessing
from typing import Any, Callable

import pytest
import torch
from predicted_values import TEXTS, as_values, predictions
from training_steps import train_steps

from spacy_mtl.joint.fork import use_one_thread_after_fork


@pytest.mark.parametrize("trained", [False, True])
def test_worker_processes(make_nlp: Callable, encoder: Any, trained: bool) -> None:
    """Forked children of a process that ran torch in threads do not hang."""
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this platform does not fork")
    # Threads of torch are what forked workers hung on.
    torch.set_num_threads(2)
    nlp = make_nlp(encoder=encoder)
    if trained:
        train_steps(nlp)
    texts = TEXTS * 20
    expected = predictions(nlp, texts)
    found = [as_values(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=8)]
    assert [f[:2] for f in found] == [e[:2] for e in expected]


def test_forked_children_use_one_thread() -> None:
    """What was registered runs in the child only, and is registered once."""
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this platform does not fork")
    for _ in range(2):
        use_one_thread_after_fork()
    torch.set_num_threads(2)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(torch.get_num_threads) == 1
    assert torch.get_num_threads() == 2

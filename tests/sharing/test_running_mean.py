"""Means over recent training steps."""

import torch

from spacy_mtl.sharing.running_mean import DECAY, RunningMean, untrained


def test_the_mean_is_that_of_all_rows_but_recent_steps_count_more() -> None:
    mean = RunningMean(2)
    assert mean.mean.tolist() == [0, 0]
    mean.see(torch.tensor([[1.0, 0.0], [3.0, 1.0], [2.0, 2.0]]))
    assert mean.mean.tolist() == [0, 0]
    mean.note_closed()
    assert mean.mean.tolist() == [2, 1]
    mean.note_closed()
    mean.see(torch.tensor([[6.0, 1.0]]))
    mean.note_closed()
    expected = torch.tensor([6 * DECAY + 6, 3 * DECAY + 1]) / (3 * DECAY + 1)
    assert torch.allclose(mean.mean, expected)


def test_a_batch_without_rows_changes_nothing() -> None:
    mean = RunningMean(2)
    mean.see(torch.zeros(0, 2))
    mean.note_closed()
    assert mean.mean.tolist() == [0, 0]


def test_a_new_value_was_0_so_far() -> None:
    mean = RunningMean(1)
    mean.see(torch.ones(2, 1))
    mean.note_closed()
    mean.grow(1)
    assert mean.mean.tolist() == [1, 0]
    mean.load_state_dict(mean.state_dict())
    assert mean.mean.tolist() == [1, 0]


def test_the_note_on_tasks_that_have_not_been_trained() -> None:
    assert untrained(torch.tensor([[0.0, 1.0], [-1.0, 1.0]])) == ""
    note = untrained(torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    assert note == " All 0: the task has not been trained."

"""The discriminator, the reversal of its gradient, and the classes that it tells apart."""

from typing import Any, List, Optional

import pytest
import torch

from spacy_mtl.sharing.adversary import MAX_CLASSES, RATE_SCALE, Classes, Discriminator
from spacy_mtl.types import Annotated


def annotated(corpora: List[Optional[str]], tasks: Optional[List[str]] = None) -> Annotated:
    """Texts of some corpora. Each text's tasks are the letters of a word."""
    return Annotated([frozenset(word) for word in tasks or ["ab"] * len(corpora)], corpora)


def test_corpora_in_the_order_of_their_appearance() -> None:
    classes = Classes("corpus")
    assert classes.numbers(annotated(["b", "a", "b", None])) == ([0, 1, 0, None], 2)
    classes.note_closed()
    assert classes.numbers(annotated(["c", "a"])) == ([2, 1], 3)
    assert classes.corpora == ["b", "a"]


def test_sets_of_tasks() -> None:
    classes = Classes("tasks")
    batch = annotated(["x", "y", "x", "y"], ["ab", "", "ba", "a"])
    assert classes.numbers(batch) == ([0, 1, 0, 2], 3)


def test_auto_tells_tasks_until_there_are_several_corpora() -> None:
    classes = Classes("auto")
    assert classes.numbers(annotated(["x", "x"], ["a", "b"])) == ([0, 1], 2)
    classes.note_closed()
    assert classes.numbers(annotated(["y", "y"], ["a", "b"])) == ([1, 1], 2)
    assert Classes("auto").numbers(annotated([None, None], ["a", "b"])) == ([0, 1], 2)


def test_a_batch_without_a_step_leaves_nothing_behind() -> None:
    classes = Classes("corpus")
    classes.numbers(annotated(["b"]))
    assert classes.numbers(annotated(["a", "b"])) == ([0, 1], 2)


def test_state() -> None:
    classes = Classes("auto")
    classes.numbers(annotated(["b", "a"], ["ab", "b"]))
    classes.note_closed()
    again = Classes("auto")
    again.set_state(classes.get_state())
    assert again.get_state() == {"corpora": ["b", "a"], "task_sets": [["a", "b"], ["b"]]}
    again.note_closed()
    assert again.numbers(annotated(["a", "b"])) == ([1, 0], 2)


def test_more_classes_than_outputs() -> None:
    numbers, n = Classes("corpus").numbers(annotated([str(i) for i in range(MAX_CLASSES + 2)]))
    assert n == MAX_CLASSES
    assert numbers[-3:] == [MAX_CLASSES - 1, 0, 1]


def make(told: float) -> Discriminator:
    """A discriminator of vectors of width 1 that gives class 1 with this probability at 1."""
    found = Discriminator(1, 1).double()
    for parameter in found.parameters():
        torch.nn.init.zeros_(parameter)
    torch.nn.init.constant_(found.hidden.weight, 3 / RATE_SCALE)
    gelu = torch.nn.functional.gelu(torch.tensor(3.0, dtype=torch.float64))
    with torch.no_grad():
        found.output.weight[1] = torch.logit(torch.tensor(told)) / gelu / RATE_SCALE
    return found


@pytest.fixture
def no_noise(monkeypatch: Any) -> None:
    monkeypatch.setattr(torch, "randn_like", torch.zeros_like)


@pytest.mark.usefixtures("no_noise")
@pytest.mark.parametrize("told", [0.2, 0.6, 0.9, 0.99999])
def test_the_gradient_that_is_reversed(told: float) -> None:
    """None if a vector misleads, or else that of the log odds times the chance to be wrong."""
    X = torch.ones(2, 1, dtype=torch.float64, requires_grad=True)
    found = make(told)
    truly = torch.autograd.grad(found(X, [1, 0], 2, reversal=1.0), X)[0]
    back = torch.autograd.grad(found(X, [1, 0], 2), X)[0]
    for i, right in enumerate([told, 1 - told]):
        factor = 0.5 / max(1 - right, 1e-3) if right > 0.5 else 0.0
        assert float(back[i]) == pytest.approx(-factor * float(truly[i]), rel=1e-4)


@pytest.mark.usefixtures("no_noise")
def test_loss_and_own_gradient() -> None:
    found = make(0.8)
    X = torch.ones(3, 1, dtype=torch.float64)
    loss = found(X, [1, 1, 0], 2)
    expected = -torch.log(torch.tensor([0.8, 0.8, 0.2])).mean()
    assert float(loss.detach()) == pytest.approx(float(expected), rel=1e-6)
    own = list(found.parameters())
    reversed_, true = (
        torch.autograd.grad(found(X, [1, 1, 0], 2, factor), own) for factor in (-1.0, 1.0)
    )
    assert all(torch.equal(a, b) for a, b in zip(reversed_, true))


@pytest.mark.usefixtures("no_noise")
def test_chance_is_the_share_of_a_class() -> None:
    """Who always gives the larger class tells nothing."""
    X = torch.ones(4, 1, dtype=torch.float64, requires_grad=True)
    back = torch.autograd.grad(make(0.74)(X, [1, 1, 1, 0], 2), X)[0]
    assert not back[:3].any()
    assert torch.autograd.grad(make(0.76)(X, [1, 1, 1, 0], 2), X)[0][:3].all()


def test_learns_faster_than_other_layers() -> None:
    """One step of Adam changes weights by the rate, here times `RATE_SCALE`."""
    torch.manual_seed(0)
    found = Discriminator(4, 3)
    optimizer = torch.optim.Adam(found.parameters(), lr=0.001)
    before = found.hidden.weight.detach() * RATE_SCALE
    found(torch.randn(5, 4), [0, 1, 0, 1, 1], 2).backward()
    optimizer.step()
    change = (found.hidden.weight * RATE_SCALE - before).abs()
    assert torch.allclose(change, torch.full((3, 4), 0.001 * RATE_SCALE), rtol=0.01)

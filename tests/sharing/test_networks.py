"""Every network of a scheme: exact gradients, who reads which parameters, new tasks."""

from typing import Any, Dict, List, Set

import pytest
import torch
from schemes import OUTSIDE, ROWS, Row, make_batch, make_features, make_network

TASKS = ["tagger", "ner", "textcat"]
LENGTHS = [3, 0, 1]
#: The default sizes.
DEFAULTS = {"width": 96}

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def run(network: Any, batch: Any, X: Any, tasks: List[str], values: Dict[str, Any]) -> Any:
    """Views and losses for parameter values, with the same draws each time."""
    torch.manual_seed(7)
    inputs = (X, batch, tasks)
    return torch.func.functional_call(network, values, inputs)


@every_row
@pytest.mark.parametrize("n_tasks", [2, 3])
def test_gradients_are_those_of_finite_differences(row: Row, n_tasks: int) -> None:
    """Of every view and auxiliary loss, for the features and every parameter."""
    tasks = TASKS[:n_tasks]
    network, batch = make_network(row, tasks), make_batch(LENGTHS, tasks, row)
    # A discriminator's gradient is reversed on its way to the shared part: here it is not.
    network.reversal = 1.0  # type: ignore[assignment]
    # Away from small first values, where some derivatives are almost zero.
    values = {
        name: (p.detach() + 0.3 * torch.randn_like(p)).requires_grad_()
        for name, p in network.named_parameters()
    }
    names = list(values)
    X = make_features(LENGTHS, row=row).requires_grad_()
    views, _ = run(network, batch, X, tasks, values)
    assert list(views) == tasks

    def outputs(X: Any, *found: Any) -> Any:
        views, losses = run(network, batch, X, tasks, dict(zip(names, found)))
        return (*views.values(), *losses.values())

    inputs = (X, *values.values())
    # Layers of transformers have many parameters, and with more tasks there are more of them: check
    # random directions there, which takes a tenth of the time.
    is_fast = n_tasks > 2 or row.name == "PartialSharing"
    assert torch.autograd.gradcheck(outputs, inputs, eps=1e-6, atol=1e-5, fast_mode=is_fast)


@every_row
def test_private_parameters_are_those_of_one_view(row: Row) -> None:
    network, batch = make_network(row, TASKS), make_batch(LENGTHS, TASKS, row)
    X = make_features(LENGTHS, row=row).requires_grad_()
    values = dict(network.named_parameters())
    views, _ = run(network, batch, X, TASKS, values)
    readers: Dict[int, Set[str]] = {id(p): set() for p in values.values()}
    for task, view in views.items():
        gradients = torch.autograd.grad(
            view.sum() + (view**2).sum(),
            list(values.values()),
            retain_graph=True,
            allow_unused=True,
        )
        for p, gradient in zip(values.values(), gradients):
            if gradient is not None:
                readers[id(p)].add(task)
    private = {id(p): task for task, found in network.private().items() for p in found}
    auxiliary = {id(p) for p in network.auxiliary()}
    for name, p in values.items():
        found = readers[id(p)]
        if id(p) in auxiliary:
            assert not found, name
        else:
            assert found, name
            expected = next(iter(found)) if len(found) == 1 else None
            assert private.get(id(p)) == expected, name


@every_row
def test_views_of_some_tasks_are_the_same(row: Row) -> None:
    network, batch = make_network(row, TASKS).eval(), make_batch(LENGTHS, TASKS, row)
    X = make_features(LENGTHS, row=row)
    values = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    everything, losses = run(network, batch, X, TASKS, values)
    assert losses == {}
    some, _ = run(network, batch, X, ["textcat", "tagger"], values)
    assert list(some) == ["textcat", "tagger"]
    for task, view in some.items():
        assert torch.equal(view, everything[task])
        assert view.shape == (sum(LENGTHS), network.view_width(task))


@every_row
def test_a_document_does_not_depend_on_the_others(row: Row) -> None:
    network = make_network(row, TASKS).eval()
    X = make_features(LENGTHS, row=row)
    together, _ = network(X, make_batch(LENGTHS, TASKS, row), TASKS)
    n = row.n_rows([3])
    first, _ = network(X[:n], make_batch([3], TASKS, row), TASKS)
    last, _ = network(X[n:], make_batch([0, 1], TASKS, row), TASKS)
    for task in TASKS:
        found = torch.cat([first[task], last[task]])
        assert torch.allclose(found, together[task], atol=1e-12)


@every_row
def test_a_new_task_changes_no_value(row: Row) -> None:
    network = make_network(row, TASKS[:2])
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    owners = dict(network.named_parameters())
    network.add_task("textcat")
    network.double()
    after = dict(network.named_parameters())
    for name, value in before.items():
        assert after[name] is owners[name]
        assert torch.equal(after[name], value)
    # Adapters of named tasks only: others have no part of their own.
    assert len(after) > len(before) or row.settings.get("tasks")
    views, _ = network(make_features(LENGTHS, row=row), make_batch(LENGTHS, TASKS, row), TASKS)
    assert list(views) == TASKS


@every_row
def test_a_late_task_leaves_the_views_of_others(row: Row) -> None:
    network = make_network(row, TASKS[:2])
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.1 * torch.randn_like(p))
    X, batch = make_features(LENGTHS, row=row), make_batch(LENGTHS, TASKS, row)
    network.note_closed(TASKS[:2])
    network.eval()
    before, _ = network(X, batch, TASKS[:2])
    network.add_task("textcat")
    network.double().eval()
    after, _ = network(X, batch, TASKS)
    for task, view in before.items():
        # Outside of the encoder, what a scheme adds to it.
        added = view if row.is_inside else view[:, : X.shape[1]] - X
        change = (after[task] - view).norm() / added.norm()
        assert float(change.detach()) <= (1e-9 if row.is_steady else 0.05)


@every_row
def test_structure_without_tasks(row: Row) -> None:
    assert all(table.rows in ([], ["shared"]) for table in make_network(row, []).structure())


@pytest.mark.parametrize("row", OUTSIDE, ids=lambda row: row.id)
def test_first_views_are_near_the_features(row: Row) -> None:
    network = make_network(row, TASKS, n_features=64, **DEFAULTS).eval()
    X = make_features([40, 10], n_features=64)
    views, _ = network(X, make_batch([40, 10], TASKS), TASKS)
    for view in views.values():
        # A wider view has further features after these.
        distance = (view[:, : X.shape[1]] - X).norm() / X.norm()
        assert 1e-6 < float(distance.detach()) < 0.3

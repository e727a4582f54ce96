"""Information passing: what each method computes, who reads what, and orders that don't fit."""

from statistics import mean
from typing import Any, Dict, List, Sequence

import pytest
import torch
from planted_tasks import N_FEATURES, hidden_values, train_and_test
from schemes import Row, make_batch, make_features, make_model, make_network

from spacy_mtl.sharing.hidden import Hidden
from spacy_mtl.sharing.running_mean import DECAY
from spacy_mtl.sharing.tower import Tower

TASKS = ["tagger", "ner", "textcat"]
LENGTHS = [3, 0, 1]
METHODS = ["hierarchical", "labels", "attention"]


def network_of(tasks: Sequence[str] = TASKS, **settings: Any) -> Any:
    torch.manual_seed(0)
    return make_network(Row("InformationPassing"), tasks, **settings)


def run(network: Any, X: Any, tasks: Sequence[str]) -> Dict[str, Any]:
    views, losses = network(X, make_batch(LENGTHS, network.tasks), tasks)
    assert losses == {}
    return views


def parameters_of(*modules: Any) -> List[int]:
    return sorted(id(p) for module in modules for p in module.parameters())


def test_hierarchical_by_hand() -> None:
    network = network_of(order=["textcat", "tagger", "ner"])
    X = make_features(LENGTHS)
    views = run(network, X, TASKS)
    lowest = network.towers["textcat"](X)
    middle = network.towers["tagger"](lowest)
    assert torch.equal(views["textcat"], lowest)
    assert torch.equal(views["tagger"], middle)
    assert torch.equal(views["ner"], network.towers["ner"](middle))


def test_labels_by_hand() -> None:
    network = network_of(method="labels", n_states=2)
    X = make_features(LENGTHS)
    views = run(network, X, TASKS)
    lowest = network.towers["tagger"](X)
    labels = network.labels["tagger"]
    first = (lowest @ labels.classes.weight.T + labels.classes.bias).exp()
    first = first / first.sum(dim=1, keepdim=True)
    # Two classes with an embedding each.
    embedded = X + first[:, :1] * labels.embeddings.weight[:, 0]
    embedded = embedded + first[:, 1:] * labels.embeddings.weight[:, 1]
    middle = network.towers["ner"](embedded)
    assert torch.allclose(views["ner"], middle)
    highest = embedded + network.labels["ner"](middle)
    assert torch.allclose(views["textcat"], network.towers["textcat"](highest))


def test_attention_by_hand() -> None:
    network = network_of(method="attention")
    X = make_features(LENGTHS)
    view = run(network, X, ["ner"])["ner"]
    states = {task: network.towers[task](X) for task in TASKS}
    query = network.queries["ner"](states["ner"])
    for i in range(len(X)):
        scores = torch.stack([states[task][i] @ query[i] for task in TASKS]) / 6**0.5
        weights = scores.softmax(dim=0)
        read = sum(w * states[task][i] for w, task in zip(weights, TASKS))
        assert torch.allclose(network.uppers["ner"](read), view[i])


@pytest.mark.parametrize("method", METHODS)
def test_without_gradient_towers_are_constants_to_others(method: str) -> None:
    """The gradients are those of a pass in which the states of others don't depend on anything."""
    network = network_of(method=method, pass_gradient=False)
    X = make_features(LENGTHS).requires_grad_()
    values = dict(network.named_parameters())
    views = run(network, X, TASKS)
    private = {id(p): task for task, found in network.private().items() for p in found}
    for task in TASKS:
        found = torch.autograd.grad(
            (views[task] ** 2).sum(), [X, *values.values()], retain_graph=True, allow_unused=True
        )
        for (name, p), gradient in zip(values.items(), found[1:]):
            # Labels that several tasks read are the only shared parameters.
            if name.startswith("labels.of tagger"):
                assert id(p) not in private
            else:
                assert (gradient is not None) == (private[id(p)] == task), name
        assert found[0] is not None
    # The values are the same.
    same = network_of(method=method)
    assert all(torch.allclose(view, views[task]) for task, view in run(same, X, TASKS).items())


def test_the_gradient_of_the_features_skips_other_towers() -> None:
    network = network_of(["tagger", "ner"], pass_gradient=False)
    X = make_features(LENGTHS).requires_grad_()
    (found,) = torch.autograd.grad((run(network, X, ["ner"])["ner"] ** 2).sum(), [X])
    change = (network.towers["tagger"](X) - X).detach()
    (expected,) = torch.autograd.grad((network.towers["ner"](X + change) ** 2).sum(), [X])
    assert torch.allclose(found, expected)


def test_private_towers_are_those_that_nobody_else_reads() -> None:
    network = network_of(order=["textcat", "tagger", "ner"])
    private = {t: sorted(map(id, found)) for t, found in network.private().items() if found}
    assert private == {"ner": parameters_of(network.towers["ner"])}
    network = network_of(method="labels", pass_gradient=False)
    private = {t: sorted(map(id, found)) for t, found in network.private().items()}
    assert private["ner"] == parameters_of(network.towers["ner"])
    assert private["textcat"] == parameters_of(network.towers["textcat"], network.labels["ner"])


@pytest.mark.parametrize("method", METHODS)
def test_towers_are_computed_only_where_needed(method: str) -> None:
    network = network_of(method=method)
    computed: List[str] = []
    for task in TASKS:
        layer = network.towers[task].layers[0]
        layer.register_forward_hook(lambda *_, task=task: computed.append(task))
    run(network, make_features(LENGTHS), ["ner"])
    assert computed == (TASKS if method == "attention" else ["tagger", "ner"])


@pytest.mark.parametrize("order", [[], ["ner", "tagger"]])
@pytest.mark.parametrize("method", ["hierarchical", "labels"])
def test_a_new_task_comes_last(method: str, order: List[str]) -> None:
    network = network_of(["tagger", "ner"], method=method, order=order).eval()
    X = make_features(LENGTHS)
    before = run(network, X, ["tagger", "ner"])
    network.add_task("textcat")
    network.double()
    after = run(network, X, TASKS)
    assert all(torch.equal(after[task], view) for task, view in before.items())
    assert network.sources("textcat") == (order or ["tagger", "ner"])


def test_structure_shows_who_reads_whom() -> None:
    (table,) = network_of(order=["textcat", "tagger", "ner"]).structure()
    assert table.rows == table.columns == TASKS
    assert table.values == [[0, 0, 1], [1, 0, 1], [0, 0, 0]]


def test_structure_shows_the_mean_attention() -> None:
    network = network_of(method="attention")
    rows = []
    for scale in (1.0, 0.0):
        # A tower that adds more, and then no differences.
        with torch.no_grad():
            network.towers["ner"].layers[0].up.bias.fill_(3.0 * scale)
            network.queries["tagger"].up.bias.fill_(scale)
        run(network, make_features(LENGTHS), ["tagger"])
        network.note_closed(["tagger"])
        (table,) = network.structure()
        assert sum(table.values[0]) == pytest.approx(1.0)
        rows.append(table.values[0])
    first, *others = table.values
    assert rows[0][1] > 0.8 > rows[0][0] + rows[0][2]
    expected = [(DECAY * value + 1 / 3) / (DECAY + 1) for value in rows[0]]
    assert first == pytest.approx(expected, abs=0.01)
    assert table.note.endswith("All 0: the task has not been trained.")
    assert others == [[0, 0, 0]] * 2
    network.add_task("parser")
    (grown,) = network.structure()
    assert grown.values == [[*first, 0], *([[0] * 4] * 3)]


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        (["tagger", "ner"], r"leaves out 'textcat'.*\(tagger, ner, textcat\), or be \[\]"),
        (["tagger", "ner", "textcat", "ner"], "names 'ner' twice"),
        (["tagger", "ner", "parser"], "names 'parser', but the tasks .* tagger, ner, textcat"),
    ],
)
@pytest.mark.parametrize("method", ["hierarchical", "labels"])
def test_orders_that_do_not_fit(method: str, order: List[str], problem: str) -> None:
    with pytest.raises(ValueError, match=f"'order' of .*{problem}.*Fix it in the block that has"):
        network_of(order=order, method=method).check_tasks(TASKS)


def test_settings_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="'n_states' of .* is 1, .* 2 or more. Fix it in"):
        make_model(Row("InformationPassing"), n_states=1)
    with pytest.raises(ValueError, match=r"'order' of .*every task reads all towers. Remove it"):
        make_model(Row("InformationPassing"), method="attention", order=TASKS)
    with pytest.raises(ValueError, match="'method' of .* is 'all', but it must be"):
        make_model(Row("InformationPassing"), method="all")


class Stack(torch.nn.Module):
    """Hard sharing: all heads on one tower."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.tower = Tower(N_FEATURES, Hidden(width, depth, 0.0))

    def forward(self, X: Any, batch: Any, tasks: Sequence[str]) -> Any:
        return dict.fromkeys(tasks, self.tower(X)), {}


def n_parameters(network: Any) -> int:
    return sum(p.numel() for p in network.parameters())


def stack_of_size(n: int, depth: int) -> Stack:
    """The smallest stack with at least so many parameters."""
    return next(found for w in range(1, 99) if n_parameters(found := Stack(w, depth)) >= n)


def passing(**settings: Any) -> Any:
    tasks = ["upper", "lower"]
    width = 4 if settings.get("method") == "attention" else 6
    row = Row("InformationPassing", {"order": ["lower", "upper"], "width": width, **settings})
    return make_network(row, tasks, N_FEATURES).float()


def accuracies(make: Any) -> List[float]:
    """The accuracy in a task that needs the label of another, for five seeds.

    The label of the lower task is whether two hidden values have the same sign. That of the upper
    task is the same for some tokens, and the opposite for the others.
    """
    found = []
    for seed in range(5):
        torch.manual_seed(seed)
        X, hidden = hidden_values(seed, 3000, 3)
        lower = (hidden[:, 0] * hidden[:, 1] > 0).long()
        upper = (lower + (hidden[:, 2] > 0).long()) % 2
        gold = {"upper": upper, "lower": lower}
        found.append(train_and_test(make(), X, gold, n_steps=300)["upper"])
    return found


@pytest.mark.parametrize(
    "settings",
    [{}, {"method": "labels", "n_states": 4}, {"method": "attention", "order": []}],
    ids=METHODS,
)
def test_solves_a_task_that_needs_the_label_of_another(settings: Dict[str, Any]) -> None:
    """Hard sharing by one hidden layer with as many parameters doesn't, in the same steps."""
    found = accuracies(lambda: passing(**settings))
    n = n_parameters(passing(**settings))
    hard = accuracies(lambda: stack_of_size(n, depth=1))
    assert mean(found) > 0.85 > 0.7 > mean(hard)
    assert all(a > b + 0.1 for a, b in zip(found, hard))


def test_is_more_reliable_than_heads_on_top_of_both_layers() -> None:
    """Hard sharing by the same two layers solves it only from some first weights."""
    found = accuracies(passing)
    hard = accuracies(lambda: stack_of_size(n_parameters(passing()), depth=2))
    assert min(found) > 0.85
    assert mean(found) > mean(hard) + 0.1


def test_does_not_solve_it_in_the_wrong_order() -> None:
    assert mean(accuracies(lambda: passing(order=["upper", "lower"]))) < 0.7

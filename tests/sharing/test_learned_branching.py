"""Learned branching: samples, the tree that is fixed, who reads what then, and what it finds."""

import copy
import logging
import pickle
from typing import Any, Dict, Sequence

import pytest
import related_tasks as related
import torch
from schemes import Row, make_batch, make_features, make_model, make_network

from spacy_mtl.sharing.gumbel_choice import GAIN, Choice, center

TASKS = ["tagger", "ner", "textcat"]
LENGTHS = [3, 0, 1]
LOGGER = "spacy"


def network_of(tasks: Sequence[str] = TASKS, **settings: Any) -> Any:
    torch.manual_seed(0)
    sizes = {"n_towers": 2, "n_levels": 2, "n_steps": 3}
    return make_network(Row("LearnedBranching"), tasks, **{**sizes, **settings})


def prefer(choice: Any, option: int) -> None:
    with torch.no_grad():
        choice.scores[option] = 1.0


def prefer_tree(network: Any) -> None:
    """Tagger and NER on the second tower, text classifier on the first; both on the second."""
    for task, option in zip(TASKS, [1, 1, 0]):
        prefer(network.choices[task], option)
    for parent in network.parents[0]:
        prefer(parent, 1)


def fixed(network: Any) -> Any:
    for _ in range(3):
        network.note_closed(TASKS)
    return network


def run(network: Any, X: Any, tasks: Sequence[str] = TASKS) -> Dict[str, Any]:
    views, losses = network(X, make_batch(LENGTHS, network.tasks), tasks)
    assert losses == {}
    return views


def gradients_of(network: Any, task: str) -> Dict[str, Any]:
    values = dict(network.named_parameters())
    view = run(network, make_features(LENGTHS))[task]
    found = torch.autograd.grad((view**2).sum(), list(values.values()), allow_unused=True)
    return {name: d for name, d in zip(values, found) if d is not None}


def test_a_mixture_by_hand() -> None:
    """At prediction: of the towers, by the probabilities so far."""
    network = network_of().eval()
    with torch.no_grad():
        network.choices["ner"].scores.copy_(torch.tensor([0.01, 0.05]))
        network.parents[0][1].scores.copy_(torch.tensor([0.02, -0.03]))
    network.note_closed(TASKS)
    X = make_features(LENGTHS)
    low = [tower(X) for tower in network.levels[0]]
    # Two thirds of the final logits, in the second of three steps. Of what all prefer, 5/9 (1 minus
    # the square) is taken out: a third of the scores of NER, and half of those of the parent.
    parent = (torch.tensor([0.02, -0.03]).double() * (1 - 5 / 18) * GAIN * 2 / 3).softmax(dim=0)
    other = (torch.tensor([0.02, -0.03]).double() * (-5 / 18) * GAIN * 2 / 3).softmax(dim=0)
    high = [
        network.levels[1][0](other[0] * low[0] + other[1] * low[1]),
        network.levels[1][1](parent[0] * low[0] + parent[1] * low[1]),
    ]
    of_ner = (torch.tensor([0.01, 0.05]).double() * (1 - 5 / 27) * GAIN * 2 / 3).softmax(dim=0)
    of_tagger = (torch.tensor([0.01, 0.05]).double() * (-5 / 27) * GAIN * 2 / 3).softmax(dim=0)
    views = run(network, X)
    assert torch.allclose(views["ner"], of_ner[0] * high[0] + of_ner[1] * high[1])
    assert torch.allclose(views["tagger"], of_tagger[0] * high[0] + of_tagger[1] * high[1])


def test_what_all_prefer_is_taken_out_at_first() -> None:
    choices = [Choice(2, n_steps=10, temperatures=(1.0, 1.0)) for _ in range(2)]
    for choice, scores in zip(choices, ([0.03, 0.0], [0.05, 0.0])):
        choice.scores.data.copy_(torch.tensor(scores))
    center(choices)
    # The common preference hides that the second one is drawn more to the first option.
    assert [choice.best() for choice in choices] == [1, 0]
    for _ in range(9):
        for choice in choices:
            choice.note_closed()
    assert [choice.best() for choice in choices] == [0, 0]
    # Alone, or once others are fixed, there is nothing to compare with.
    choices[0].note_closed()
    center(choices)
    assert choices[1].common.tolist() == [0, 0]


def test_samples_become_harder() -> None:
    choice = Choice(2, n_steps=4, temperatures=(8.0, 0.5))
    temperatures, largest = [], []
    torch.manual_seed(0)
    for _ in range(4):
        temperatures.append(choice.temperature)
        samples = torch.stack([choice() for _ in range(200)])
        assert torch.allclose(samples.sum(dim=1), torch.ones(200))
        largest.append(float(samples.detach().max(dim=1).values.mean()))
        choice.note_closed()
    assert temperatures == pytest.approx([8.0, 4.0, 2.0, 1.0])
    assert choice.temperature == 0.5
    assert largest == sorted(largest)
    assert largest[0] < 0.65 < 0.75 < largest[-1]


def test_samples_follow_the_probabilities() -> None:
    """The share of samples in which an option is the largest is its probability."""
    choice = Choice(2, n_steps=1, temperatures=(1.0, 1.0))
    with torch.no_grad():
        choice.scores.copy_(torch.tensor([0.03, 0.0]))
    torch.manual_seed(0)
    samples = torch.stack([choice() for _ in range(2000)])
    share = float((samples[:, 0] > 0.5).float().mean())
    assert share == pytest.approx(float(choice.probabilities()[0]), abs=0.03)
    choice.eval()
    assert torch.equal(choice(), choice.probabilities())


def test_the_fixed_tree_by_hand(caplog: pytest.LogCaptureFixture) -> None:
    network = network_of()
    prefer_tree(network)
    X = make_features(LENGTHS)
    with caplog.at_level(logging.INFO, logger=LOGGER):
        fixed(network)
    assert [record.getMessage() for record in caplog.records] == [
        "spacy_mtl.LearnedBranching.v1 has fixed its tree: ((textcat), (tagger, ner))"
    ]
    views = run(network, X)
    low = network.levels[0][1](X)
    assert torch.equal(views["ner"], network.levels[1][1](low))
    assert torch.equal(views["tagger"], views["ner"])
    assert torch.equal(views["textcat"], network.levels[1][0](low))
    # Nothing is random, and later changes of the scores change nothing.
    prefer(network.choices["ner"], 0)
    with torch.no_grad():
        network.choices["ner"].scores[0] = 9.0
    network.note_closed(TASKS)
    assert torch.equal(run(network, X)["ner"], views["ner"])
    assert len(caplog.records) == 1


def test_only_towers_in_use_get_gradients() -> None:
    network = network_of()
    prefer_tree(network)
    assert any(name.startswith("levels.0.0") for name in gradients_of(network, "ner"))
    fixed(network)
    towers = {name.rsplit(".layers")[0] for name in gradients_of(network, "ner")}
    assert towers == {"levels.0.1", "levels.1.1"}
    towers = {name.rsplit(".layers")[0] for name in gradients_of(network, "textcat")}
    assert towers == {"levels.0.1", "levels.1.0"}


def test_private_before_and_after() -> None:
    network = network_of()
    prefer_tree(network)
    scores = {task: [network.choices[task].scores] for task in TASKS}
    assert network.private() == scores
    fixed(network)
    own = list(network.levels[1][0].parameters())
    assert network.private() == {"tagger": [], "ner": [], "textcat": own}


def test_a_later_task_chooses_later() -> None:
    network = network_of()
    prefer_tree(network)
    fixed(network).add_task("parser")
    network.double()
    before = run(network, make_features(LENGTHS), TASKS)
    parser = network.choices["parser"]
    assert parser.option is None
    assert network.private()["parser"] == [parser.scores]
    prefer(parser, 0)
    assert network.tree() == "((textcat, parser), (tagger, ner))"
    for _ in range(2):
        network.note_closed([*TASKS, "parser"])
    # A step in which it is absent doesn't count.
    network.note_closed(TASKS)
    assert parser.option is None
    network.note_closed(["parser"])
    assert parser.option == 0
    assert list(before) == TASKS


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_copies_keep_the_tree(copied: Any) -> None:
    network = network_of()
    prefer_tree(network)
    assert copied(fixed(network)).tree() == network.tree()


def test_loading_restores_the_tree() -> None:
    network = network_of()
    prefer_tree(network)
    values = fixed(network).state_dict()
    other = network_of()
    X = make_features(LENGTHS)
    run(other, X)
    other.load_state_dict(values)
    assert other.choices["ner"].option == 1
    assert all(torch.equal(run(other, X)[t], view) for t, view in run(network, X).items())


def test_structure() -> None:
    network = network_of()
    low, high = network.structure()
    assert low.rows == high.rows == TASKS
    assert low.columns == ["tower 1", "tower 2"]
    assert low.values == high.values == [[0.5, 0.5]] * 3
    prefer_tree(network)
    low, high = fixed(network).structure()
    assert low.values == [[0, 1]] * 3
    assert high.values == [[0, 1], [0, 1], [1, 0]]
    assert high.note.endswith("Tree: ((textcat), (tagger, ner)).")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"n_towers": 1}, "'n_towers' of .* is 1, .* 2 or more"),
        ({"n_levels": 0}, "'n_levels' of .* is 0, .* 1 or more"),
        ({"n_steps": 0}, "'n_steps' of .* is 0, .* 1 or more"),
        ({"end_temperature": 0.0}, "'end_temperature' of .* is 0.0, .* above 0"),
        ({"start_temperature": 0.1}, "'start_temperature' .* 0.1, .*not be below .*, 0.5. Fix"),
    ],
)
def test_settings_that_do_not_fit(settings: Dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        make_model(Row("LearnedBranching"), **settings)


@pytest.mark.parametrize("n_levels", [1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_finds_out_which_tasks_are_related(seed: int, n_levels: int) -> None:
    """At 2e-4 times 5, as towers on a transformer. With one readout, one tower cannot do both."""
    planted = related.RelatedTasks(seed)  # Seeds the first weights, too.
    settings = {"n_levels": n_levels, "n_steps": 500, "width": 8}
    network: Any = make_network(
        Row("LearnedBranching", settings), related.TASKS, related.WIDTH, n_towers=2
    ).float()
    planted.train(network, n_steps=500, rate=1e-3)
    first, other, unrelated = (network.choices[task].option for task in related.TASKS)
    assert first == other != unrelated

"""Shared and private parts, and what the shared part gives away."""

import warnings
from typing import Any, List, Optional

import pytest
import torch
from planted_corpora import TASKS, WIDTH, Texts, probe, train
from scheme_pipelines import build, network_of
from schemes import Row, make_batch, make_features, make_network
from tiny_corpus import make_examples
from training_steps import step

from spacy_mtl.registry import registry
from spacy_mtl.sharing.hidden import Hidden
from spacy_mtl.sharing.network import Batch
from spacy_mtl.sharing.shared_private import PATIENCE, SharedPrivateNetwork, _correlation
from spacy_mtl.types import Annotated

ROW = Row("SharedPrivate")
THREE = ["tagger", "ner", "textcat"]


def make(adversary: Any = 0.1, orthogonality: Any = 0.01, by: str = "corpus") -> Any:
    found = SharedPrivateNetwork(
        WIDTH,
        hidden=Hidden(96, 1, 0.1),
        adversary=by,
        strengths={"adversary": adversary, "orthogonality": orthogonality},
        merge="sum",
    )
    for task in TASKS:
        found.add_task(task)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_shared_part_does_not_tell_the_corpus(seed: int) -> None:
    """At most half as far above chance as without the reversal. The private parts tell."""
    torch.manual_seed(seed)
    texts, held_out = Texts(seed, 600), Texts(seed, 500)
    told = {}
    for strength in (0.0, 0.1):
        network = make(strength)
        train(network, texts)
        (shared, private), (shared_too, private_too) = (
            network.parts(found.X.reshape(-1, WIDTH), TASKS) for found in (texts, held_out)
        )
        told[strength] = probe(shared, texts, shared_too, held_out)
        for task in TASKS:
            assert probe(private[task], texts, private_too[task], held_out) > 0.85
    assert told[0.0] > 0.75
    assert told[0.1] - 0.5 <= (told[0.0] - 0.5) / 2


def test_views_by_hand() -> None:
    for merge in ("sum", "concat"):
        network: Any = make_network(ROW, THREE, merge=merge)
        X = make_features([2])
        views, _ = network(X, Batch([2]), ["ner"])
        shared = X + network.shared.layers[0](X)
        private = network.towers["ner"].layers[0](X)
        expected = shared + private if merge == "sum" else torch.cat([shared, private], dim=1)
        assert torch.allclose(views["ner"], expected, atol=1e-12)
        assert network.view_width("ner") == expected.shape[1]


def test_correlation_by_hand() -> None:
    S = torch.tensor([[1.0, 0.0], [3.0, 0.0], [1.0, 2.0], [3.0, 2.0]])
    # One private feature is the first shared one times 5, the other has nothing to do with either.
    P = torch.tensor([[5.0, 1.0], [15.0, -1.0], [5.0, -1.0], [15.0, 1.0]])
    # Centered: S^T P = [[20, 0], [0, 0]], ||S||^2 = 8, ||P||^2 = 104.
    assert float(_correlation(S, P)) == pytest.approx(2 * 400 / (8 * 104))
    # Neither the number of tokens nor the scale matters.
    assert float(_correlation(S.repeat(3, 1), 0.01 * P.repeat(3, 1))) == pytest.approx(800 / 832)
    assert float(_correlation(S, 2 * S - 1)) == pytest.approx(1)
    assert float(_correlation(S, P[:, 1:])) == 0
    assert float(_correlation(S[:1], P[:1])) == 0
    assert float(_correlation(S, torch.ones_like(P))) == 0


def test_only_texts_that_are_annotated_for_a_task_count_for_it() -> None:
    network: Any = make_network(ROW, THREE, adversary_strength=0)
    X = make_features([4, 3])
    batch = Batch([4, 3], Annotated([frozenset(["ner"]), frozenset()], [None, None]))
    shared, private = network.parts(X, THREE)
    _, losses = network(X, batch, THREE)
    expected = _correlation(shared[:4], private["ner"][:4])
    assert torch.allclose(losses["orthogonality"], expected)


def test_the_penalty_lowers_the_correlation() -> None:
    found = []
    for strength in (0.0, 1.0):
        torch.manual_seed(0)
        texts = Texts(0, 200)
        network = make(0.0, strength)
        train(network, texts, n_steps=150)
        shared, private = network.parts(texts.X.reshape(-1, WIDTH), TASKS)
        found.append(sum(float(_correlation(shared, private[task]).detach()) for task in TASKS))
    assert found[1] < 0.2 * found[0]


@pytest.mark.parametrize(
    ("lengths", "corpora"),
    [([2, 3], ["x", "x"]), ([2, 0], ["x", "y"]), ([2, 3], [None, "y"]), ([2, 3], [None, None])],
)
def test_a_batch_with_nothing_to_tell(lengths: List[int], corpora: List[Optional[str]]) -> None:
    network = make_network(ROW, THREE, adversary="corpus")
    batch = Batch(lengths, Annotated([frozenset(THREE), frozenset()], corpora))
    _, losses = network(make_features(lengths), batch, THREE)
    assert list(losses) == ["orthogonality"]


def run_steps(network: SharedPrivateNetwork, corpora: List[Optional[str]], n_steps: int) -> None:
    """Steps over batches of two texts from these corpora."""
    batch = Batch([2, 3], Annotated([frozenset(TASKS)] * 2, corpora))
    for _ in range(n_steps):
        network(torch.randn(5, WIDTH), batch, TASKS)
        network.note_closed(TASKS)


def test_structure_shows_the_lengths_of_both_parts() -> None:
    network: Any = make_network(ROW, ["tagger", "ner"])
    X = make_features([2])
    shared, private = network.parts(X, ["ner"])
    network(X, make_batch([2], ["tagger", "ner"]), ["ner"])
    network.note_closed(["ner"])
    (table,) = network.structure()
    assert (table.rows, table.columns) == (["tagger", "ner"], ["shared", "private"])
    expected = [float(part.detach().norm(dim=1).mean()) for part in (shared, private["ner"])]
    assert table.values == [[0, 0], pytest.approx(expected)]
    assert table.note.endswith("All 0: the task has not been trained.")


def test_batches_that_are_never_mixed() -> None:
    network = make()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run_steps(network, ["x", "x"], PATIENCE - 1)
    with pytest.warns(UserWarning, match=r"no loss .* 20 steps.*\"corpus\".*mixed = true.* = 0 in"):
        run_steps(network, ["y", "y"], 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run_steps(network, ["x", "x"], PATIENCE)


@pytest.mark.parametrize(("strength", "first"), [(0.1, ["x", "y"]), (0.0, ["x", "x"])])
def test_no_warning_where_some_batches_are_mixed_or_nothing_is_asked(
    strength: float, first: List[Optional[str]]
) -> None:
    network = make(strength)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run_steps(network, first, 1)
        run_steps(network, ["x", "x"], PATIENCE)


@pytest.mark.parametrize("level", ["representation", "parameters"])
def test_the_discriminator_rests_in_such_a_batch(level: str) -> None:
    """Neither momentum nor weight decay moves it."""
    nlp = build(ROW, gradients=level)
    sgd = registry.optimizers.get("Adam.v1")(0.01, L2=0.1)
    values = []
    # All four texts, which are of two corpora, and then the first alone.
    for n in (4, 4, 1):
        losses = step(nlp, make_examples(nlp)[:n], sgd)
        assert ("mtl.adversary" in losses) == (n == 4)
        found = network_of(nlp).discriminator.parameters()
        values.append(torch.cat([p.detach().reshape(-1).clone() for p in found]))
    assert not torch.equal(values[0], values[1])
    assert torch.equal(values[1], values[2])


def test_losses_whose_strength_is_0() -> None:
    off = {"adversary_strength": 0, "orthogonality_strength": 0}
    network = make_network(ROW, THREE, **off)
    assert network(make_features([2, 3]), make_batch([2, 3], THREE), THREE)[1] == {}


def test_the_shared_part_gets_the_reversed_gradient() -> None:
    """Which goes on to the features. The discriminator gets its own."""
    network: Any = make_network(ROW, THREE, orthogonality_strength=0)
    X = make_features([2, 3]).requires_grad_()
    found = {}
    for reversal in (1.0, -1.0):
        torch.manual_seed(0)
        network.reversal = reversal
        loss = network(X, make_batch([2, 3], THREE), THREE)[1]["adversary"]
        inputs = [X, *network.shared.parameters(), *network.auxiliary()]
        found[reversal] = torch.autograd.grad(loss, inputs)
    n = 1 + len(list(network.shared.parameters()))
    for true, back in zip(found[1.0][n:], found[-1.0][n:]):
        assert torch.equal(true, back)
    # One of the two texts is told, so the reversed gradient isn't zero.
    assert float((found[1.0][0] * found[-1.0][0]).sum()) < 0


def test_state_has_the_classes() -> None:
    network, again = make(), make()
    network(torch.randn(5, WIDTH), make_batch([2, 3], TASKS), TASKS)
    assert network.get_state()["classes"]["corpora"] == []
    network.note_closed(TASKS)
    again.set_state(network.get_state())
    assert again.get_state() == {
        "step": 1,
        "classes": {"corpora": ["two", "one"], "task_sets": [["first"], ["first", "second"]]},
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"adversary": "corpora"}, r"'adversary' .* 'corpora', .* \"auto\" or \"corpus\" or"),
        ({"merge": "mean"}, r"'merge' .* 'mean', .* \"sum\" or \"concat\""),
        ({"adversary_strength": -1}, "'adversary_strength' of .*SharedPrivate.* is -1"),
        ({"orthogonality_strength": "x"}, "'orthogonality_strength' of .*SharedPrivate.* is 'x'"),
    ],
)
def test_errors(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        registry.resolve({"model": ROW.block(**settings)})

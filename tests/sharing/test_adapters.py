"""`Adapters`: what they change, what is trained, and what is refused."""

from typing import Any, Dict, List

import numpy
import pytest
import torch
from inside_pipelines import ADAPTERS, HARD, TASKS, TEXTS, assert_near, train, views
from inside_pipelines import build as build_inside
from scheme_pipelines import build, network_of, sharing_of, trained
from schemes import Row
from spacy.language import Language
from tiny_corpus import make_examples
from training_steps import train_steps

from spacy_mtl.encoder.stacking import NotStackableError
from spacy_mtl.joint.size import size_of
from spacy_mtl.parameters import slots_of_model
from spacy_mtl.sharing import adapters
from spacy_mtl.sharing.adapters import AdaptersNetwork

LORA = Row("Adapters", {"rank": 2, "freeze_encoder": False}, is_inside=True)
FROZEN = Row("Adapters", {"rank": 2}, is_inside=True)


def encoder_of(nlp: Language) -> Any:
    return nlp.get_pipe("mtl").model.get_ref("tok2vec").shims[0]._model  # type: ignore


def randomize(nlp: Language) -> None:
    """Give all adapters random matrices, as if they were trained."""
    torch.manual_seed(1)
    for parameter in network_of(nlp).parameters():
        with torch.no_grad():
            parameter.copy_(0.2 * torch.randn(parameter.shape))


def gradients_of(network: Any) -> Dict[str, numpy.ndarray]:
    return {k: p.grad.numpy().copy() for k, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("kind", ["lora", "bottleneck"])
def test_untrained_adapters_change_nothing(kind: str) -> None:
    hard, nlp = build_inside(HARD), build_inside(ADAPTERS, kind=kind)
    for task in TASKS:
        assert_near(nlp, hard, task, tolerance=1e-6)
    randomize(nlp)
    for task in TASKS:
        with pytest.raises(AssertionError, match="Not equal to tolerance"):
            assert_near(nlp, hard, task, tolerance=1e-2)


@pytest.mark.parametrize("kind", ["lora", "bottleneck"])
@pytest.mark.parametrize("gradients", ["representation", "parameters"])
@pytest.mark.parametrize("n_layers", [None, 1])
@pytest.mark.parametrize("kept_pieces", [None, 0])
def test_the_encoder_gets_the_gradient_that_it_gets_without_them(
    kind: str, gradients: str, n_layers: Any, kept_pieces: Any
) -> None:
    """While they are untrained: all of it, also of layers that the scheme runs."""
    encoder = {"batch_pieces": 10, "kept_pieces": kept_pieces}
    hard = build_inside(HARD, encoder=encoder, gradients=gradients)
    settings = {"kind": kind, "n_layers": n_layers, "freeze_encoder": False}
    nlp = build_inside(ADAPTERS, encoder=encoder, gradients=gradients, **settings)
    for pipeline in (hard, nlp):
        pipeline.update(make_examples(pipeline), sgd=False)
    expected, found = gradients_of(encoder_of(hard)), gradients_of(encoder_of(nlp))
    assert set(found) == set(expected)
    for name, gradient in expected.items():
        numpy.testing.assert_allclose(found[name], gradient, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("freeze_encoder", [True, False])
@pytest.mark.parametrize("packing", [True, False])
def test_lora_is_another_matrix(packing: bool, freeze_encoder: bool) -> None:
    """Views and gradients of a task are those of an encoder with the sums of matrices."""
    encoder = {"packing": packing}
    nlp = build_inside(ADAPTERS, encoder=encoder, rank=3, alpha=6.0, freeze_encoder=freeze_encoder)
    randomize(nlp)
    for task in TASKS:
        alone = build_inside(HARD, [task], encoder=encoder)
        adapter = network_of(nlp).adapters[task]
        layers = encoder_of(alone).encoder.layer
        sums: List[Any] = []
        for key, down in adapter.down.items():
            linear = layers.get_submodule(key.removeprefix("layers/").replace("/", "."))
            with torch.no_grad():
                linear.weight += 2.0 * adapter.up[key] @ down
            sums.append((key, linear))
        assert len(sums) == 2 * 6
        assert_near(nlp, alone, task)
        nlp.update(make_examples(nlp), sgd=False)
        alone.update(make_examples(alone), sgd=False)
        for key, linear in sums:
            for part, expected in (
                (adapter.up[key], 2.0 * linear.weight.grad @ adapter.down[key].T),
                (adapter.down[key], 2.0 * adapter.up[key].T @ linear.weight.grad),
            ):
                numpy.testing.assert_allclose(part.grad, expected.detach(), atol=1e-5)
        for slot in slots_of_model(nlp.get_pipe("mtl").model):  # type: ignore[attr-defined]
            slot.take()


def test_a_frozen_encoder_stays() -> None:
    nlp = build(FROZEN)
    encoder = nlp.get_pipe("mtl").model.get_ref("tok2vec").shims[0]  # type: ignore[attr-defined]
    before = encoder.to_bytes()
    train_steps(nlp, 3)
    assert encoder.to_bytes() == before
    nlp = build(LORA)
    encoder = nlp.get_pipe("mtl").model.get_ref("tok2vec").shims[0]  # type: ignore[attr-defined]
    before = encoder.to_bytes()
    train_steps(nlp, 1)
    assert encoder.to_bytes() != before


def test_targets_and_layers() -> None:
    nlp = build_inside(ADAPTERS, targets=["query", "value"], n_layers=1, rank=3)
    adapter = network_of(nlp).adapters["ner"]
    names = [f"layers/0/attention/self/{name}" for name in ("query", "value")]
    assert list(adapter.down) == list(adapter.up) == names
    assert [tuple(p.shape) for p in adapter.parameters()] == [(3, 8), (3, 8), (8, 3), (8, 3)]
    mtl: Any = nlp.get_pipe("mtl")
    size = size_of(mtl)
    assert size.shared == 0
    assert size.private == dict.fromkeys(TASKS, 2 * 2 * 3 * 8)
    (table,) = mtl.structure()
    assert (table.rows, table.columns) == (TASKS, ["layer 2"])
    assert table.values == [[0.0]] * 3
    with torch.no_grad():
        adapter.up[names[0]].fill_(0.5)
    (table,) = mtl.structure()
    norm = float((16 / 3 * adapter.up[names[0]] @ adapter.down[names[0]]).detach().norm())
    assert table.values == [[0.0], [pytest.approx(norm)], [0.0]]


def test_one_task_with_its_adapter() -> None:
    nlp = build_inside(ADAPTERS, ["ner"])
    before = views(nlp, "ner")
    train(nlp, 2)
    assert any(not numpy.allclose(x, y, atol=1e-4) for x, y in zip(before, views(nlp, "ner")))


@pytest.mark.parametrize("most", [1, 25, 10_000])
def test_several_passes(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large batches: how many tasks go together changes nothing."""
    nlp = build_inside(ADAPTERS)
    randomize(nlp)
    together: List[int] = []
    changes = AdaptersNetwork._changes

    def counted(self: Any, tasks: Any) -> Any:
        together.append(len(tasks))
        return changes(self, tasks)

    expected = {task: views(nlp, task) for task in TASKS}
    monkeypatch.setattr(adapters, "_MOST_ROWS", most)
    monkeypatch.setattr(AdaptersNetwork, "_changes", counted)
    for task in TASKS:
        for one, two in zip(expected[task], views(nlp, task)):
            numpy.testing.assert_allclose(one, two, atol=1e-5)
    assert (1 in together, 3 in together) == (most < 10_000, most > 1)


def test_an_encoder_that_refuses_several_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unlike when it was tried out: they are read one by one."""
    nlp = build_inside(ADAPTERS)
    randomize(nlp)
    expected = {task: views(nlp, task) for task in TASKS}
    asked: List[int] = []

    def refuse(*args: Any, **kwargs: Any) -> None:
        asked.append(1)
        raise NotStackableError

    monkeypatch.setattr("spacy_mtl.encoder.adapted.stack", refuse)
    for task in TASKS:
        for one, two in zip(expected[task], views(nlp, task)):
            numpy.testing.assert_allclose(one, two, atol=1e-5)
    assert asked


def test_dropout_of_adapters() -> None:
    """Only in training, and no gradient where all is left out."""
    nlp = build_inside(ADAPTERS, dropout=0.5)
    randomize(nlp)
    expected = build_inside(ADAPTERS)
    randomize(expected)
    assert_near(nlp, expected, "ner", tolerance=1e-6)
    for pipeline in (nlp, expected):
        pipeline.update(make_examples(pipeline), sgd=False)
    one, two = (gradients_of(network_of(pipeline)) for pipeline in (nlp, expected))
    assert any(not numpy.allclose(one[name], two[name], rtol=0.01) for name in two)


def test_a_predicting_thread_leaves_the_mode() -> None:
    """After training, layers are in evaluation mode."""
    nlp = trained(LORA, 1)
    network = network_of(nlp)
    assert not network.training
    assert not network._layers().training
    docs = [nlp.make_doc("old books") for _ in range(2)]
    mtl: Any = nlp.get_pipe("mtl")
    one, two = mtl.read_views("ner", [mtl(doc) for doc in docs])
    numpy.testing.assert_array_equal(one, two)


def test_the_encoder_is_saved_once() -> None:
    nlp = build(FROZEN)
    names = list(network_of(nlp).state_dict())
    assert all(name.startswith("adapters.") for name in names)
    n_values = sum(value.numel() for value in network_of(nlp).state_dict().values())
    assert len(sharing_of(nlp).shims[0].to_bytes()) < 5 * n_values + 20_000


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_tasks_without_an_adapter(precision: str) -> None:
    """They predict what they do without adapters, to the last bit."""
    encoder = {"precision": precision}
    hard = build_inside(HARD, encoder=encoder)
    nlp = build_inside(ADAPTERS, encoder=encoder, tasks=["ner"])
    assert list(network_of(nlp).adapters) == ["ner"]
    randomize(nlp)
    for one, two in zip(hard.pipe(TEXTS), nlp.pipe(TEXTS)):
        assert [token.tag_ for token in one] == [token.tag_ for token in two]
        assert one.cats == two.cats
        numpy.testing.assert_array_equal(one.tensor, two.tensor)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_near(nlp, hard, "ner", tolerance=1e-2)
    if precision == "fp32":
        with pytest.raises(
            ValueError, match="'ner' was renamed 'x', but 'tasks' of .* names 'ner'"
        ):
            nlp.rename_pipe("ner", "x")


REFUSED: Dict[str, Any] = {
    "too many layers": (
        {"n_layers": 3},
        r"'n_layers' of .*Adapters.v1 is 3, but the encoder '.*' has only 2 layers. Set it to 2",
    ),
    "an unknown target": (
        {"targets": ["querry"]},
        r"'targets' of .* has 'querry', but no linear layer of the encoder '.*' is called so. "
        r"Did you mean 'query'\? They are: query, key, value, dense. Fix it in",
    ),
    "a task that isn't there": (
        {"tasks": ["nerr"]},
        "'tasks' of .* names 'nerr', but the tasks of this pipeline are: tagger, ner, textcat. Fix",
    ),
    "an unknown kind": ({"kind": "prefix"}, '\'kind\' of .*must be "lora" or "bottleneck"'),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_settings(case: str) -> None:
    settings, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        build_inside(ADAPTERS, **settings)

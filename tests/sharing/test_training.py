"""Every scheme in training: absent tasks, stock components as tasks, auxiliary losses, refusals."""

import gc
from typing import Any, Dict, List, Set

import numpy
import pytest
import spacy
import torch
from scheme_pipelines import ONE_EACH, build, network_of, sharing_of
from schemes import ROWS, Row, make_batch, make_features
from spacy.language import Language
from stock_heads import STOCK
from tiny_corpus import make_examples
from tiny_pipelines import CNN
from training_steps import step, train_steps

from spacy_mtl.sharing.contract import private_slots, scheme_of

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
every_scheme = pytest.mark.parametrize("row", ONE_EACH, ids=lambda row: row.id)


def values_of(nlp: Language) -> Dict[str, numpy.ndarray]:
    return {k: v.detach().numpy().copy() for k, v in network_of(nlp).named_parameters()}


def read_by(nlp: Language, task: str, row: Row) -> Set[str]:
    """The parameters that a task's view depends on, and those of auxiliary losses."""
    network = network_of(nlp)
    named = dict(network.named_parameters())
    X = make_features([1, 2], network.width, row).float()
    views, _ = network.train()(X, make_batch([1, 2], [task], row), [task])
    found = torch.autograd.grad(views[task].sum(), list(named.values()), allow_unused=True)
    network.eval()
    auxiliary = {id(p) for p in network.auxiliary()}
    of_losses = {name for name, p in named.items() if id(p) in auxiliary}
    return {name for name, d in zip(named, found) if d is not None} | of_losses


@pytest.mark.parametrize("level", ["representation", "parameters"])
@every_scheme
def test_absent_tasks_do_not_move(row: Row, level: str) -> None:
    """Neither by momentum nor by weight decay."""
    nlp = build(row, gradients=level)
    sgd = spacy.util.registry.optimizers.get("Adam.v1")(0.01, L2=0.1)
    for _ in range(3):
        step(nlp, make_examples(nlp), sgd)
    before = values_of(nlp)
    read = read_by(nlp, "tagger", row)
    for _ in range(3):
        step(nlp, make_examples(nlp, "tag"), sgd)
    after = values_of(nlp)
    moved = {name for name in before if not numpy.array_equal(before[name], after[name])}
    assert moved
    assert moved <= read
    private = private_slots(sharing_of(nlp))
    assert not read & {s.name for task in ("ner", "textcat") for s in private.get(task, [])}


@pytest.mark.filterwarnings("ignore:The heads .* both set")
def test_a_pipeline_that_no_longer_fits_is_noticed() -> None:
    nlp = build(Row("TaskAttention"))
    train_steps(nlp, 1)
    nlp.remove_pipe("ner")
    nlp.remove_pipe("textcat")
    with pytest.warns(UserWarning, match="TaskAttention.v1 .* needs 2 or more, .* has 1: tagger"):
        train_steps(nlp, 1)
    nlp = build(Row("InformationPassing", {"order": ["textcat", "ner", "tagger"]}))
    train_steps(nlp, 1)
    head: Any = nlp.add_pipe("mtl_tagger", name="second")
    head.initialize(lambda: make_examples(nlp), nlp=nlp)
    with pytest.warns(UserWarning, match="'order' of .* leaves out 'second'"):
        train_steps(nlp, 1)


@every_row
def test_all_parameters_are_trained(row: Row) -> None:
    nlp = build(row)
    before = values_of(nlp)
    train_steps(nlp, 2)
    after = values_of(nlp)
    assert [name for name in before if numpy.array_equal(before[name], after[name])] == []


@every_scheme
def test_losses_fall(row: Row) -> None:
    nlp = build(row)
    sgd = spacy.util.registry.optimizers.get("Adam.v1")(0.01)
    found = [step(nlp, make_examples(nlp), sgd) for _ in range(15)]
    for task in ("tagger", "ner", "textcat"):
        assert found[-1][task] < 0.7 * found[0][task]
    names = {key for key in found[0] if key.startswith("mtl.")}
    strengths = scheme_of(sharing_of(nlp)).strengths()
    assert names == {f"mtl.{name}" for name, strength in strengths.items() if strength}


@every_scheme
def test_stock_components_are_tasks(row: Row) -> None:
    nlp = build(row, ["ner"], initialize=False)
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    for task, (factory, model) in STOCK.items():
        nlp.add_pipe(factory, name=task, config={"model": {**model, "tok2vec": listener}})
    nlp.initialize(lambda: make_examples(nlp))
    before = values_of(nlp)
    losses: Any = {}
    for _ in range(3):
        losses = train_steps(nlp, 1) and nlp.update(make_examples(nlp), sgd=False)
    assert losses["tagger"] > 0
    assert all(not numpy.array_equal(before[k], v) for k, v in values_of(nlp).items())
    assert nlp("old runs")[0].tag_


@every_scheme
def test_plain_listeners_are_refused(row: Row) -> None:
    nlp = build(row, ["ner"], initialize=False)
    factory, model = STOCK["tagger"]
    listener = {
        "@architectures": "spacy.Tok2VecListener.v1",
        "width": CNN["width"],
        "upstream": "mtl",
    }
    with pytest.raises(ValueError, match=r"'tagger' listens to 'mtl' with a Tok2VecListener"):
        nlp.add_pipe(factory, name="tagger", config={"model": {**model, "tok2vec": listener}})


# A mix of layers is of use to a single task, too.
@pytest.mark.parametrize(
    "row", [r for r in ONE_EACH if r.name not in ("LayerMix", "Adapters")], ids=lambda row: row.id
)
def test_one_task_is_too_few(row: Row) -> None:
    with pytest.raises(ValueError, match=rf"{row.title} shares between tasks and needs 2 or more"):
        build(row, ["ner"])


@every_scheme
def test_a_head_without_its_joint_component(row: Row) -> None:
    nlp = build(row)
    docs = [nlp("old runs")]
    ner: Any = nlp.get_pipe("ner")
    del nlp
    gc.collect()
    with pytest.raises(ValueError, match="'mtl' makes, but that component is gone"):
        ner.predict(docs)


def test_only_tasks_that_are_trained_take_part() -> None:
    """The scheme's own losses, such as the balance of experts, are about these."""
    nlp = build(Row("MMoE"))
    seen: List[List[str]] = []
    network = network_of(nlp)
    network.register_forward_pre_hook(lambda module, inputs: seen.append(list(inputs[2])))
    nlp.config["training"]["frozen_components"] = ["ner"]
    train_steps(nlp, 1, exclude=["ner"])
    with nlp.select_pipes(disable=["tagger", "ner"]):
        train_steps(nlp, 1)
    assert seen == [["tagger", "textcat"], ["textcat"]]


def test_a_frozen_head_that_is_updated_takes_part_from_then_on() -> None:
    """Like those of hard sharing."""
    nlp = build(Row("MMoE"))
    nlp.config["training"]["frozen_components"] = ["ner"]
    before = values_of(nlp)
    gate = "gates.of ner.logits.weight"
    with pytest.warns(UserWarning, match=r"'ner' was updated after.*Later steps will wait"):
        train_steps(nlp, 1)
    assert numpy.array_equal(values_of(nlp)[gate], before[gate])
    train_steps(nlp, 1)
    assert not numpy.array_equal(values_of(nlp)[gate], before[gate])

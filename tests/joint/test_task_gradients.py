"""Each task's gradient on a batch, without training on it."""

from typing import Any, List

import numpy
import pytest
import spacy
from encoder_gradients import assert_close
from joint_gradients import gradient_of
from scheme_pipelines import ONE_EACH, build
from schemes import Row
from spacy.language import Language
from stock_heads import STOCK, with_stock
from thinc.api import Adam, fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import CNN, HEADS, add_joint, constant, inner
from training_steps import step

from spacy_mtl.chance import get_chance
from spacy_mtl.parameters import slots_of
from spacy_mtl.weighting.constant import Constant

RATE = {"learn_rate": 0.025}
#: The settings that weightings need.
LEARNED = {"FAMO": RATE, "Uncertainty": RATE}


def make(encoder: Any, **config: Any) -> Language:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder, **config)
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def look(nlp: Language, examples: Any, **kwargs: Any) -> Any:
    mtl: Any = nlp.get_pipe("mtl")
    return mtl.task_gradients(examples, **kwargs)


def everything(nlp: Language) -> List[Any]:
    """Values and gradients of all parameters, and the random states."""
    found: List[Any] = []
    for slot in slots_of(nlp):
        gradient = slot.gradient()
        found += [numpy.array(slot.value), None if gradient is None else numpy.array(gradient)]
    chance = get_chance()
    found += [chance["torch"], *chance["data"]["numpy"], *chance["data"]["python"]]
    return found


def assert_equal(one: List[Any], other: List[Any]) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other):
        assert (a is None) == (b is None)
        assert numpy.array_equal(a, b) or a is b is None


@pytest.mark.parametrize("where", ["representation", "parameters"])
@pytest.mark.parametrize("kind", ["cnn", "inner", "transformer"])
def test_sum_is_the_gradient_of_training(kind: str, where: str, encoder_dir: str) -> None:
    encoder = {"cnn": CNN, "inner": inner(encoder_dir), "transformer": encoder_dir}[kind]
    nlp = make(encoder, gradients=where, weighting=constant())
    examples = make_examples(nlp)
    found = look(nlp, examples)
    assert found.tasks == list(HEADS)
    assert found.at_parameters.shape == (3, sum(slot.size for slot in found.slots))
    gradient_of(nlp, examples)
    zeros = [numpy.zeros(slot.shape) for slot in found.slots]
    parts = [slot.gradient() for slot in found.slots]
    trained = [zero if part is None else part for zero, part in zip(zeros, parts)]
    total = numpy.concatenate([part.ravel() for part in trained])
    assert_close(found.at_parameters.sum(axis=0), total)


def test_each_row_is_the_gradient_of_its_task_alone() -> None:
    nlp = make(CNN)
    mtl: Any = nlp.get_pipe("mtl")
    examples = make_examples(nlp)
    found = look(nlp, examples)
    for i, task in enumerate(found.tasks):
        weights = {other: float(other == task) for other in found.tasks}
        mtl.weighting = Constant(weights=weights)
        assert_close(found.at_parameters[i], gradient_of(nlp, examples))
    losses = nlp.update(examples, sgd=False)
    assert found.losses == pytest.approx({task: losses[task] for task in found.tasks})


def test_cosines() -> None:
    nlp = make(CNN)
    found = look(nlp, make_examples(nlp))
    rows = found.at_parameters.astype("float64")
    expected = rows[0] @ rows[1] / numpy.linalg.norm(rows[0]) / numpy.linalg.norm(rows[1])
    cosines = found.cosines_at_parameters()
    assert list(cosines) == [("tagger", "ner"), ("tagger", "textcat"), ("ner", "textcat")]
    assert cosines["tagger", "ner"] == pytest.approx(expected)
    assert found.cosines_at_features().keys() == cosines.keys()


def assert_leaves_no_trace(make_nlp: Any, n: int = 3) -> None:
    """Training is the same to the bit, wherever a look comes in between."""

    def train(is_looking: bool) -> Any:
        nlp = make_nlp()
        fix_random_seed(1)
        sgd = Adam(0.01)
        losses = []
        for _ in range(n):
            if is_looking:
                before = everything(nlp)
                look(nlp, make_examples(nlp), drop=0.3)
                assert_equal(everything(nlp), before)
            nlp.update(make_examples(nlp), drop=0.2, sgd=False)
            if is_looking:
                # Gradients wait for the optimizer.
                look(nlp, make_examples(nlp)[:2])
            losses.append(step(nlp, make_examples(nlp), sgd))
        return nlp, sgd, losses

    one, sgd, losses = train(False)
    other, other_sgd, other_losses = train(True)
    assert losses == other_losses
    assert_equal(everything(one), everything(other))
    keys = zip((slot.key for slot in slots_of(one)), (slot.key for slot in slots_of(other)))
    for key, same in keys:
        assert numpy.array_equal(sgd.averages.get(key), other_sgd.averages.get(same))
    assert one.get_pipe("mtl").to_bytes() == other.get_pipe("mtl").to_bytes()  # type: ignore[attr-defined]


@pytest.mark.parametrize("row", ONE_EACH, ids=lambda row: row.name)
def test_no_trace_with_a_scheme(row: Row) -> None:
    assert_leaves_no_trace(lambda: build(row), n=2)


@pytest.mark.parametrize("method", ["FAMO", "GradVac", "Balanced", "Uncertainty", "DWA"])
def test_no_trace_with_a_weighting(method: str) -> None:
    weighting = {"@mtl_weightings": f"spacy_mtl.{method}.v1", **LEARNED.get(method, {})}
    assert_leaves_no_trace(lambda: make(CNN, weighting=weighting))


def test_no_trace_behind_a_transformer(encoder_dir: str) -> None:
    assert_leaves_no_trace(lambda: make(encoder_dir))


def test_no_trace_with_stock_components() -> None:
    weighting = {"@mtl_weightings": "spacy_mtl.Uncertainty.v1", "learn_rate": 0.025}
    assert_leaves_no_trace(lambda: with_stock(CNN, weighting, list(STOCK)))


def test_open_step_goes_on() -> None:
    """Between the forward pass of a batch and the answers of its heads."""
    gradients = []
    for is_looking in (False, True):
        nlp = make(CNN)
        examples = make_examples(nlp)
        fix_random_seed(2)
        mtl: Any = nlp.get_pipe("mtl")
        mtl.update(examples, drop=0.2)
        if is_looking:
            look(nlp, make_examples(nlp))
        for name in HEADS:
            nlp.get_pipe(name).update(examples, drop=0.2)  # type: ignore[attr-defined]
        gradients.append(everything(nlp))
    assert_equal(*gradients)


def test_tasks_without_annotation_have_no_row() -> None:
    nlp = make(CNN)
    found = look(nlp, make_examples(nlp, keep="tag"))
    assert found.tasks == list(found.losses) == ["tagger"]
    assert not found.cosines_at_parameters()
    assert look(nlp, make_examples(nlp, keep="")).tasks == []


def test_losses_alone() -> None:
    nlp = make(CNN)
    examples = make_examples(nlp)
    mtl: Any = nlp.get_pipe("mtl")
    before = everything(nlp)
    losses = mtl.task_losses(examples)
    assert_equal(everything(nlp), before)
    assert losses == look(nlp, examples).losses


def test_documents_stay_as_they_were(encoder_dir: str) -> None:
    nlp = make(encoder_dir)
    examples = make_examples(nlp)
    look(nlp, examples)
    assert not any(eg.predicted.tensor.size for eg in examples)
    assert not any(eg.predicted.ents or eg.predicted.cats for eg in examples)


def test_errors() -> None:
    nlp = make(CNN)
    examples = make_examples(nlp)
    empty = [type(eg)(nlp.make_doc(""), nlp.make_doc("")) for eg in examples]
    with pytest.raises(ValueError, match="no tokens in this batch"):
        look(nlp, empty)
    with nlp.select_pipes(enable=["mtl"]), pytest.raises(ValueError, match="no task .* trained"):
        look(nlp, examples)
    mtl: Any = nlp.get_pipe("mtl")
    del nlp
    with pytest.raises(ValueError, match="doesn't know its pipeline.*bind"):
        mtl.task_gradients(examples)

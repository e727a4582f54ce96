"""How tasks affect each other, averaged over a training."""

import math
from typing import Any, List

import numpy
import pytest
import spacy
from spacy.language import Language
from thinc.api import Adam, Optimizer, fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import CNN, HEADS, add_joint
from training_steps import parameters, step

from spacy_mtl.comparison.affinity import Affinities, AffinityMeter, Mean
from spacy_mtl.comparison.affinity_text import affinity_text, grouping_text, proposed
from spacy_mtl.comparison.lookahead import look_ahead


def make(*tasks: str) -> Language:
    nlp = spacy.blank("en")
    add_joint(nlp, CNN)
    for name in tasks or HEADS:
        nlp.add_pipe(HEADS[name], name=name)
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def joint_of(nlp: Language) -> Any:
    return nlp.get_pipe("mtl")


def test_mean() -> None:
    mean = Mean()
    assert math.isnan(mean.value)
    assert math.isnan(mean.error)
    for value in (1.0, 2.0, math.nan, 6.0, math.inf):
        mean.add(value)
    assert (mean.n, mean.value) == (3, 3.0)
    assert mean.error == pytest.approx(numpy.std([1, 2, 6], ddof=1) / 3**0.5)


def test_step_of_gradient_descent() -> None:
    """By hand: the loss of a task at the parameters minus the rate times a gradient."""
    nlp = make()
    joint = joint_of(nlp)
    sgd = Optimizer(0.1, L2=0.0, grad_clip=0.0, beta1=0.0, beta2=0.0)
    examples = make_examples(nlp)
    found = joint.task_gradients(examples)
    before = parameters(nlp, *nlp.pipe_names)
    ahead = look_ahead(nlp, joint, [examples], [found], {"ner": 3.0}, sgd)
    assert parameters(nlp, *nlp.pipe_names) == before
    assert list(ahead) == found.tasks
    for task, row in zip(found.tasks, found.at_parameters):
        start = 0
        for slot in found.slots:
            moved = row[start : start + slot.size].reshape(slot.shape)
            slot.value[...] -= 0.1 * (3.0 if task == "ner" else 1.0) * moved
            start += slot.size
        assert ahead[task] == pytest.approx(joint.task_losses(examples), rel=1e-5)
        nlp = make()
        joint = joint_of(nlp)
        found = joint.task_gradients(examples)


def test_steps_of_adam_add_up_to_its_own() -> None:
    """The steps of all tasks are the step of an Adam without momentum."""
    nlp = make()
    joint = joint_of(nlp)
    # thinc has no Adam without any.
    sgd = Adam(0.01, beta1=1e-9, L2=0.0, grad_clip=0.0, use_averages=False)
    for _ in range(3):
        step(nlp, make_examples(nlp), sgd)
    examples = make_examples(nlp)
    steps: List[Any] = []

    def noted(params: Any) -> Any:
        steps.append({slot.key: params[slot.key] - slot.value for slot in found.slots})
        return use_params(params)

    use_params, found = nlp.use_params, joint.task_gradients(examples)
    nlp.use_params = noted  # type: ignore[method-assign]
    look_ahead(nlp, joint, [examples], [found], {}, sgd)
    del nlp.use_params  # type: ignore[method-assign]
    before = {slot.key: slot.value.copy() for slot in found.slots}
    step(nlp, examples, sgd)
    for slot in found.slots:
        total = sum(each[slot.key] for each in steps)
        numpy.testing.assert_allclose(total, slot.value - before[slot.key], atol=2e-5)


def train(nlp: Language, batches: List[Any], every: int = 2) -> Any:
    fix_random_seed(1)
    sgd = Adam(0.01)
    meter = AffinityMeter(nlp, joint_of(nlp), sgd, every)
    for i, batch in enumerate(batches):
        meter(i, batch)
        step(nlp, batch, sgd)
    meter.close()
    return meter.found, sgd


def test_measures_without_an_effect_on_training() -> None:
    trained = []
    for every in (2, 1000):
        nlp = make()
        found, _ = train(nlp, [make_examples(nlp) for _ in range(7)], every)
        trained.append(parameters(nlp, *nlp.pipe_names))
        if every == 2:
            # At steps 2, 4 and 6.
            assert found.n_measured == 3
            assert len(found.ahead) == 9
            assert all(mean.n == 3 for mean in found.at_features.values())
            assert all(found.ahead[task, task].value > 0 for task in HEADS)
    assert trained[0] == trained[1]
    assert joint_of(nlp).observers == []


def test_tasks_of_different_batches() -> None:
    """They are compared at the parameters, where gradients of all documents meet."""
    nlp = make()
    kinds = ["tag", "ents", "cats"] * 3
    found, _ = train(nlp, [make_examples(nlp, keep=kind) for kind in kinds])
    assert found.at_features == {}
    assert len(found.at_parameters) == 3
    assert len(found.ahead) == 9
    # There is one at step 2, which is the first to have seen all three.
    assert found.ahead["tagger", "ner"].n == 4


def test_loss_that_falls_to_zero_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task without a gradient isn't among the losses: its share has no logarithm."""
    nlp = make()
    joint = joint_of(nlp)
    task_losses = joint.task_losses

    def without_entities(batch: Any) -> Any:
        return {task: loss for task, loss in task_losses(batch).items() if task != "ner"}

    monkeypatch.setattr(joint, "task_losses", without_entities)
    found, _ = train(nlp, [make_examples(nlp) for _ in range(3)])
    assert found.ahead["tagger", "textcat"].n == 1
    assert found.ahead["tagger", "ner"].n == 0


def made() -> Affinities:
    found = Affinities(["a", "b", "c"])
    for source in found.tasks:
        for target in found.tasks:
            helps = {source, target} <= {"a", "b"}
            for noise in (-0.001, 0.001):
                value = (0.02 if helps else -0.03) + noise
                found.ahead.setdefault((source, target), Mean()).add(value)
    found.at_parameters["a", "b"] = Mean()
    found.at_parameters["a", "b"].add(0.5)
    return found


def test_text_and_proposal() -> None:
    found = made()
    groups = proposed(found)
    assert groups == [["a", "b"], ["c"]]
    assert proposed(found, n_groups=1) == [["a", "b", "c"]]
    text = affinity_text(found)
    assert ["a", "-", "+0.50", "-"] in [line.split() for line in text.splitlines()]
    assert "+2.000 ± 0.100" in text
    lines = grouping_text(found, groups, ["mtl"]).splitlines()
    assert '  spacy mtl compare ... --groups "a,b;c"' in lines
    assert '  pipeline = ["mtl", "a", "b"]' in lines
    assert '  pipeline = ["mtl", "c"]' in lines
    assert "  a (+2.000 %), b (+2.000 %)" in lines
    assert "  c alone" in lines


def test_json() -> None:
    data = made().to_json()
    (row,) = data["cosines_at_parameters"]
    assert row == {"tasks": ["a", "b"], "mean": 0.5, "error": None, "n": 1}
    row = data["lookahead"][1]
    assert row["source_and_target"] == ["a", "b"]
    assert row["mean"] == pytest.approx(0.02)

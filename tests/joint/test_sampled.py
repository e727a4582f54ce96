"""Gradients at the parameters, measured in some steps only."""

from typing import Any, Callable, Dict, List

import numpy
import pytest
import spacy
from encoder_gradients import assert_close, clear_gradient, encoder_gradient
from joint_gradients import WEIGHTS, gradient_of
from methods import BY_PRODUCTS, PER_VALUE, block, registered
from stock_heads import with_stock
from thinc.api import Adam, fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import CNN, HEADS, constant, inner

from spacy_mtl.joint.sampled import SampledParameters
from spacy_mtl.joint.step import JointStep
from spacy_mtl.types import Combined

#: More than any number of steps here: a task is only measured in its first step.
NEVER_AGAIN = 1000


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> List[bool]:
    """Whether each step so far measured the gradients."""
    found: List[bool] = []
    give = SampledParameters.give

    def noted(self: Any, combined: Any) -> None:
        found.append(self._is_measured)
        give(self, combined)

    monkeypatch.setattr(SampledParameters, "give", noted)
    return found


@pytest.fixture
def n_passes(monkeypatch: pytest.MonkeyPatch) -> List[Any]:
    """One element for each backward pass of the encoder."""
    passes: List[Any] = []
    run = SampledParameters._pass

    def noted(self: Any, *args: Any, **kwargs: Any) -> None:
        passes.append(None)
        run(self, *args, **kwargs)

    monkeypatch.setattr(SampledParameters, "_pass", noted)
    return passes


@pytest.fixture(params=["transformer", "inside mtl", "in windows", "cnn"])
def any_encoder(request: pytest.FixtureRequest, encoder_dir: str) -> Any:
    return {
        "transformer": encoder_dir,
        "inside mtl": inner(encoder_dir),
        "in windows": inner(encoder_dir, window=16, context=2, batch_pieces=16, kept_pieces=16),
        "cnn": CNN,
    }[request.param]


def test_methods_that_need_more_than_products() -> None:
    assert PER_VALUE == ["DBMTL", "ExcessMTL", "GradDrop"]


@pytest.mark.parametrize("drop", [0.0, 0.3])
def test_any_step_with_constant_weights(
    make_nlp: Callable, any_encoder: Any, drop: float, measured: List[bool], n_passes: List[Any]
) -> None:
    """With and without a measurement, the encoder gets the gradient of the sum."""
    plain = make_nlp(encoder=any_encoder, weighting=constant(**WEIGHTS))
    expected = gradient_of(plain, make_examples(plain), drop=drop)
    settings = {"gradients": "parameters", "every": NEVER_AGAIN}
    nlp = make_nlp(encoder=any_encoder, weighting=constant(**WEIGHTS), **settings)
    for _ in range(2):
        assert_close(gradient_of(nlp, make_examples(nlp), drop=drop), expected, 1e-6)
    assert measured == [True, False]
    assert len(n_passes) == len(HEADS) + 1


@pytest.mark.parametrize("name", ["Constant", *BY_PRODUCTS])
def test_same_as_with_exact_rows(make_nlp: Callable, name: str, measured: List[bool]) -> None:
    """On the same batch with the same parameters, rows with the same products give the same."""
    found = {}
    for every in (None, 1, NEVER_AGAIN):
        settings = {"gradients": "parameters", "every": every, "weighting": block(name)}
        nlp = make_nlp(encoder=None, **settings)
        found[every] = [gradient_of(nlp, make_examples(nlp)) for _ in range(3)]
    for every in (1, NEVER_AGAIN):
        for one, other in zip(found[every], found[None]):
            assert_close(one, other, 1e-3)
    assert measured == [True, True, True, True, False, False]


@pytest.mark.parametrize(
    "tasks, kinds", [(["tagger"], [None, None, "tag"]), (["tagger", "textcat"], [None, None])]
)
def test_stock_tasks(tasks: List[str], kinds: List[Any], measured: List[bool]) -> None:
    """Beside a head of ours, on documents with and without its annotation."""
    found = {}
    for every in (None, NEVER_AGAIN):
        settings = {"gradients": "parameters", "every": every}
        nlp = with_stock(None, block("Balanced", decay=0.0), tasks, **settings)
        found[every] = [gradient_of(nlp, make_examples(nlp, kind)) for kind in kinds]
        for one in found[every]:
            assert numpy.abs(one).max() > 0
    for one, other in zip(found[NEVER_AGAIN], found[None]):
        assert_close(one, other, 1e-3)
    # On the last of three batches, the tagger is alone.
    assert measured == [True, False, True][: len(kinds)]


def test_auxiliary_losses(make_nlp: Callable, measured: List[bool]) -> None:
    """They are added in both kinds of steps."""
    model = {"@architectures": "spacy_mtl.SharedPrivate.v1", "tok2vec": CNN, "width": 8}
    gradients = []
    for settings in ({}, {"gradients": "parameters", "every": NEVER_AGAIN}):
        nlp = spacy.blank("en")
        nlp.add_pipe("mtl", config={"model": model, "weighting": constant(**WEIGHTS), **settings})
        for head, factory in HEADS.items():
            nlp.add_pipe(factory, name=head)
        fix_random_seed(0)
        nlp.initialize(lambda nlp=nlp: make_examples(nlp))
        gradients.append([gradient_of(nlp, make_examples(nlp)) for _ in range(2)])
    for one, other in zip(*gradients):
        assert_close(one, other, 1e-5)
    assert measured == [True, False]


def test_accumulated_gradients(make_nlp: Callable, measured: List[bool]) -> None:
    """Each part is a step. What the first has left is neither lost nor weighed again."""
    moved = []
    for settings in ({}, {"gradients": "parameters", "every": NEVER_AGAIN}):
        nlp = make_nlp(encoder=None, weighting=constant(**WEIGHTS), **settings)
        examples = make_examples(nlp)
        clear_gradient(nlp)
        for part in (examples[:2], examples[2:]):
            nlp.update(part, sgd=False)
        moved.append(encoder_gradient(nlp))
    assert_close(moved[1], moved[0], 1e-6)
    assert measured == [True, False]


def test_loss_of_an_encoder_component(make_nlp: Callable, encoder_dir: str) -> None:
    """It is that of one pass, as at the representation."""
    losses: List[Dict[str, float]] = []
    for settings in ({}, {"gradients": "parameters", "every": NEVER_AGAIN}):
        nlp = make_nlp(encoder=encoder_dir, weighting=constant(**WEIGHTS), **settings)
        for _ in range(2):
            losses.append({})
            fix_random_seed(0)
            nlp.update(make_examples(nlp), sgd=False, losses=losses[-1])
    for found in losses[1:]:
        assert found == pytest.approx(losses[0], rel=1e-4)


def test_tasks_that_come_and_go(make_nlp: Callable, measured: List[bool]) -> None:
    """Measured: in a task's first step, when it is due, and alone."""
    nlp = make_nlp(encoder=None, gradients="parameters", every=3, weighting=block("Balanced"))
    mtl = nlp.get_pipe("mtl")
    kinds: List[Any] = ["tag", None, None, "ents", None, None]
    for kind in kinds:
        nlp.update(make_examples(nlp, kind), sgd=False)
    # The others, then not yet, ner alone, then tags are due again.
    assert measured == [True, True, False, True, True, False]
    assert set(mtl._memory.gramians.get_state()["measured"]) == set(HEADS)


def test_frozen_encoder(make_nlp: Callable) -> None:
    """No parameters, no rows: as with exact rows, no task counts."""
    nlp = make_nlp(encoder=None, gradients="parameters", every=2, weighting=block("Balanced"))
    for _ in range(3):
        nlp.update(make_examples(nlp), sgd=False)
        assert numpy.isfinite(encoder_gradient(nlp)).all()


@pytest.mark.parametrize("how", ["bytes", "disk"])
def test_measurements_are_saved(make_nlp: Callable, tmp_path: Any, how: str) -> None:
    settings = {"gradients": "parameters", "every": 4, "weighting": block("Balanced")}
    nlp = make_nlp(encoder=None, **settings)
    optimizer = Adam(0.01)
    for kind in (None, "tag", None):
        nlp.update(make_examples(nlp, kind), sgd=optimizer)
    if how == "bytes":
        loaded = make_nlp(encoder=None, **settings)
        loaded.from_bytes(nlp.to_bytes())
    else:
        nlp.to_disk(tmp_path)
        loaded = spacy.load(tmp_path)
        assert loaded.get_pipe("mtl").every == 4
    states = [each.get_pipe("mtl")._memory.gramians.get_state() for each in (nlp, loaded)]
    assert states[0] == states[1]
    assert states[0]["step"] == 3
    gradients = [gradient_of(each, make_examples(each)) for each in (nlp, loaded)]
    assert numpy.array_equal(*gradients)
    loaded.get_pipe("mtl").forget()
    assert loaded.get_pipe("mtl")._memory.gramians.get_state()["step"] == 0


def test_pipelines_saved_without_measurements(make_nlp: Callable, tmp_path: Any) -> None:
    make_nlp(encoder=None, weighting=block("PCGrad")).to_disk(tmp_path)
    changed = {"components": {"mtl": {"gradients": "parameters", "every": "auto"}}}
    nlp = spacy.load(tmp_path, config=changed)
    nlp.update(make_examples(nlp), sgd=False)
    assert nlp.get_pipe("mtl")._memory.gramians.is_used


@pytest.mark.parametrize("name", PER_VALUE)
def test_methods_on_each_value_are_refused(make_nlp: Callable, name: str) -> None:
    settings = {"gradients": "parameters", "every": "auto", "weighting": block(name)}
    with pytest.raises(
        ValueError, match=f"{name} works on each value.*every = 'auto'.*every = null"
    ):
        make_nlp(encoder=None, **settings)


@pytest.mark.parametrize("every", [0, -1, "often", True, 2.5])
def test_wrong_number_of_steps(make_nlp: Callable, every: Any) -> None:
    with pytest.raises(Exception, match="(?s)every"):
        make_nlp(encoder=None, gradients="parameters", every=every)


def test_not_at_the_representation(make_nlp: Callable) -> None:
    with pytest.raises(ValueError, match='every = 20.*gradients = "representation".*every = null'):
        make_nlp(encoder=None, every=20)
    nlp = make_nlp(encoder=None, gradients="parameters", every=20)
    nlp.get_pipe("mtl").gradients = "representation"
    with pytest.raises(ValueError, match='Set gradients = "parameters"'):
        nlp.update(make_examples(nlp), sgd=False)


class Halved:
    """A function of a user, whose weights don't fit what it returns."""

    def __call__(self, losses: Any, gradients: Any) -> Combined:
        return Combined(gradients.sum(axis=0) / 2, dict.fromkeys(losses, 1.0))


def test_gradient_that_does_not_fit_the_weights(make_nlp: Callable) -> None:
    with registered("halved.v1", Halved) as own:
        nlp = make_nlp(encoder=None, gradients="parameters", every=5, weighting=own)
        with pytest.raises(ValueError, match="of Halved is not the sum of the gradients times"):
            nlp.update(make_examples(nlp), sgd=False)


def test_gradients_that_are_not_finite(make_nlp: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """They don't get into the averages."""
    nlp = make_nlp(encoder=None, gradients="parameters", every=5)
    nlp.update(make_examples(nlp), sgd=False)
    before = nlp.get_pipe("mtl")._memory.gramians.get_state()["averages"]
    take = JointStep.take_gradient

    def broken(self: Any, task: str, listener: int, d_view: Any) -> Any:
        factor = numpy.float32(numpy.nan if task == "ner" else 1)
        return take(self, task, listener, [d * factor for d in d_view])

    monkeypatch.setattr(JointStep, "take_gradient", broken)
    with pytest.raises(ValueError, match="gradient of the task 'ner' is not finite"):
        nlp.update(make_examples(nlp), sgd=False)
    assert nlp.get_pipe("mtl")._memory.gramians.get_state()["averages"] == before

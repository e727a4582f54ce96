"""A task that is alone in its batch, with gradients measured now and then."""

from typing import Any, Callable, Dict, List

import numpy
import pytest
from encoder_gradients import assert_close, clear_gradient, encoder_gradient
from methods import BY_PRODUCTS, block
from thinc.api import fix_random_seed
from tiny_corpus import make_examples

from spacy_mtl.joint.parameters import ParameterRows
from spacy_mtl.joint.step import JointStep

#: All tasks, then one of them twice, on top of what is there.
KINDS: List[Any] = [None, "ents", "ents"]


def gradients_of(nlp: Any) -> List[numpy.ndarray]:
    """The encoder's gradient after each part of a batch."""
    found = []
    clear_gradient(nlp)
    for kind in KINDS:
        fix_random_seed(0)
        nlp.update(make_examples(nlp, kind), sgd=False)
        found.append(encoder_gradient(nlp))
    return found


@pytest.mark.parametrize("encoder", ["transformer", None], ids=["transformer", "cnn"])
@pytest.mark.parametrize("normalize", [True, False])
def test_same_as_a_row(make_nlp: Callable, encoder_dir: str, encoder: Any, normalize: bool) -> None:
    """Weighed once, and added to the gradients of earlier parts."""
    own = block("Balanced", normalize=normalize, weights={"ner": 3.0})
    settings = {"gradients": "parameters", "weighting": own}
    encoder = encoder and encoder_dir
    found = gradients_of(make_nlp(encoder=encoder, every=1, **settings))
    expected = gradients_of(make_nlp(encoder=encoder, **settings))
    for one, other in zip(found, expected):
        assert_close(one, other, 1e-3)
    assert numpy.abs(expected[2] - expected[1]).max() > 0


@pytest.mark.parametrize("name", BY_PRODUCTS)
def test_every_method(make_nlp: Callable, name: str) -> None:
    settings = {"gradients": "parameters", "weighting": block(name)}
    found, expected = (gradients_of(make_nlp(encoder=None, every=e, **settings)) for e in (1, None))
    assert_close(found[2], expected[2], 1e-3)


def test_without_copies(make_nlp: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is made: the gradient is measured where it is."""
    nlp = make_nlp(encoder=None, gradients="parameters", every="auto", weighting=block("Balanced"))
    monkeypatch.setattr(ParameterRows, "gradients", _only_of_schemes(ParameterRows.gradients))
    for _ in range(3):
        nlp.update(make_examples(nlp, "tag"), sgd=False)
    measured = nlp.get_pipe("mtl")._memory.gramians.get_state()
    assert measured["measured"] == {"tagger": 3}
    with pytest.raises(AssertionError, match="rows of"):
        nlp.update(make_examples(nlp), sgd=False)


def _only_of_schemes(original: Any) -> Any:
    def gradients(self: Any, *args: Any, **kwargs: Any) -> Any:
        assert not self.n_values, f"rows of {self.n_values} values"
        return original(self, *args, **kwargs)

    return gradients


def test_loss_of_an_encoder_component(make_nlp: Callable, encoder_dir: str) -> None:
    """That of one weighed pass, as at the representation."""
    losses: List[Dict[str, float]] = []
    own = {"@mtl_weightings": "spacy_mtl.Constant.v1", "weights": {"tagger": 3.0}}
    for settings in ({}, {"gradients": "parameters", "every": 5}):
        nlp = make_nlp(encoder=encoder_dir, weighting=own, **settings)
        losses.append({})
        fix_random_seed(0)
        nlp.update(make_examples(nlp, "tag"), sgd=False, losses=losses[-1])
    assert losses[0]["transformer"] > 0
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


def test_earlier_gradients_survive_an_error(
    make_nlp: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they do with several tasks."""
    nlp = make_nlp(encoder=None, gradients="parameters", every=5, weighting=block("Balanced"))
    clear_gradient(nlp)
    nlp.update(make_examples(nlp, "tag"), sgd=False)
    before = encoder_gradient(nlp)
    state = nlp.get_pipe("mtl")._memory.gramians.get_state()["averages"]
    take = JointStep.take_gradient

    def broken(self: Any, task: str, listener: int, d_view: Any) -> Any:
        return take(self, task, listener, [d * numpy.float32(numpy.nan) for d in d_view])

    monkeypatch.setattr(JointStep, "take_gradient", broken)
    with pytest.raises(ValueError, match="gradient of the task 'tagger' is not finite"):
        nlp.update(make_examples(nlp, "tag"), sgd=False)
    assert_close(encoder_gradient(nlp), before, 1e-9)
    assert nlp.get_pipe("mtl")._memory.gramians.get_state()["averages"] == state

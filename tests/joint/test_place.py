"""Where gradients meet if the component's settings leave it to the weighting."""

import pickle
from typing import Any, Callable, Dict, Optional

import pytest
import spacy
from methods import block
from spacy.language import Language
from thinc.api import fix_random_seed
from tiny_corpus import make_examples

from spacy_mtl.joint.meeting import AtParameters, AtRepresentation
from spacy_mtl.joint.sampled import SampledParameters


def train(nlp: Language, n_steps: int = 2) -> Language:
    fix_random_seed(0)
    for _ in range(n_steps):
        nlp.update(make_examples(nlp, 4), sgd=nlp.create_optimizer(), losses={})
    return nlp


def classes_of(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> Any:
    """RETURNS (Set): The places where gradients met in two steps."""
    found = []
    mtl: Any = nlp.get_pipe("mtl")
    meeting = mtl._place.meeting

    def noted(losses: Any) -> Any:
        found.append(meeting(losses))
        return found[-1]

    monkeypatch.setattr(mtl._place, "meeting", noted)
    train(nlp)
    return {type(each) for each in found}


@pytest.mark.parametrize(
    ("method", "settings", "gradients", "every", "place"),
    [
        ("Constant", {}, "representation", None, AtRepresentation),
        ("PCGrad", {}, "representation", None, AtRepresentation),
        ("Balanced", {}, "parameters", "auto", SampledParameters),
        ("Balanced", {"every": 7}, "parameters", 7, SampledParameters),
        ("Balanced", {"gradients": "parameters"}, "parameters", None, AtParameters),
        ("Constant", {"gradients": "parameters"}, "parameters", None, AtParameters),
    ],
)
def test_the_weighting_decides_what_the_settings_leave_open(
    make_nlp: Callable,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    settings: Dict[str, Any],
    gradients: str,
    every: Optional[Any],
    place: type,
) -> None:
    nlp = make_nlp(encoder=None, weighting=block(method), **settings)
    mtl = nlp.get_pipe("mtl")
    assert (mtl.gradients, mtl.every) == (gradients, every)
    assert classes_of(nlp, monkeypatch) == {place}


def test_another_weighting_moves_the_gradients(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None)
    mtl, balanced = nlp.get_pipe("mtl"), make_nlp(encoder=None, weighting=block("Balanced"))
    assert (mtl.gradients, mtl.every) == ("representation", None)
    mtl.weighting = balanced.get_pipe("mtl").weighting
    assert (mtl.gradients, mtl.every) == ("parameters", "auto")
    mtl.gradients = "representation"
    with pytest.raises(ValueError, match='Balanced balances.*Set gradients = "parameters"'):
        nlp.initialize()
    mtl.gradients = None
    assert (mtl.gradients, mtl.every) == ("parameters", "auto")
    nlp.initialize()


def test_what_is_open_stays_open(make_nlp: Callable) -> None:
    nlp = train(make_nlp(encoder=None, weighting=block("Balanced")))
    loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert nlp.config["components"]["mtl"]["gradients"] is None
    copied: Any = pickle.loads(pickle.dumps(nlp.get_pipe("mtl")))
    for mtl in (loaded.get_pipe("mtl"), copied):
        assert (mtl.gradients, mtl.every) == ("parameters", "auto")
        mtl.weighting = make_nlp(encoder=None).get_pipe("mtl").weighting
        assert (mtl.gradients, mtl.every) == ("representation", None)


def test_a_plain_object_may_choose(make_nlp: Callable) -> None:
    class Own:
        place = "parameters"

        def __call__(self, losses: Any, gradients: Any) -> Any:
            return gradients.sum(axis=0)

    mtl = make_nlp(encoder=None).get_pipe("mtl")
    mtl.weighting = Own()
    assert (mtl.gradients, mtl.every) == ("parameters", "auto")
    Own.place = "somewhere"
    with pytest.raises(ValueError, match="Own has place = 'somewhere', but .*representation, par"):
        mtl.weighting = Own()


def test_a_single_task_is_not_measured(
    make_nlp: Callable, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    nlp = make_nlp(["ner"], encoder=None, weighting=block("Balanced"))
    assert classes_of(nlp, monkeypatch) == {AtRepresentation}
    assert not [each for each in recwarn if "two or more" in str(each.message)]
    equal = train(make_nlp(["ner"], encoder=None))
    for one, other in zip(nlp.get_pipe("ner").model.walk(), equal.get_pipe("ner").model.walk()):
        for name in one.param_names:
            assert (one.get_param(name) == other.get_param(name)).all()


def test_a_single_task_needs_no_exact_gradients(encoder_dir: str) -> None:
    """What can't be measured is only refused if it would be."""
    nlp = spacy.blank("en")
    transformer = nlp.add_pipe("transformer", config={"model": {"name": encoder_dir}})
    mtl = nlp.add_pipe("mtl")
    nlp.add_pipe("mtl_ner", name="ner")
    nlp.initialize(lambda: make_examples(nlp))
    for node in transformer.model.walk():
        for shim in node.shims:
            shim._mixed_precision = True
    assert (mtl.gradients, mtl.every) == ("parameters", "auto")
    nlp.update(make_examples(nlp), sgd=False)
    nlp.add_pipe("mtl_textcat", name="textcat")
    with pytest.raises(ValueError, match="mixed_precision = true.*spacy_mtl.Constant.v1"):
        nlp.initialize(lambda: make_examples(nlp))

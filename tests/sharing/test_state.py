"""Auxiliary losses: their strengths, how they are reported, and what is saved."""

from typing import Any, Dict, List

import pytest
from methods import block
from mixed_sharing import FadingStrength, make_nlp
from thinc.api import Model
from tiny_corpus import make_examples

from spacy_mtl.sharing.contract import Scheme, scheme_of, set_scheme
from spacy_mtl.types import StepReport

pytestmark = pytest.mark.filterwarnings("ignore:The heads .* both set")


def state_of(nlp: Any) -> Any:
    return scheme_of(nlp.get_pipe("mtl").model.get_ref("sharing"))


def test_scheme_without_a_state() -> None:
    state = scheme_of(Model("views", lambda model, X, is_train: (X, lambda d: d)))
    assert type(state) is Scheme
    assert (state.strengths(), state.get_state()) == ({}, {})


def test_strengths_advance_by_closed_steps() -> None:
    nlp = make_nlp("representation", block("Constant"), strength=1.0)
    examples = make_examples(nlp)
    nlp.get_pipe("mtl").predict([eg.predicted for eg in examples])
    assert state_of(nlp).strength == 1.0
    nlp.update(examples, sgd=False)
    nlp.update(make_examples(nlp, ""), sgd=False)
    assert state_of(nlp).strength == 0.5, "a batch without annotation closes no step"


@pytest.mark.parametrize("level", ["representation", "parameters"])
def test_auxiliary_losses_are_reported(level: str) -> None:
    nlp = make_nlp(level, block("Constant"), strength=1.0)
    reports: List[StepReport] = []
    nlp.get_pipe("mtl").observers.subscribe(reports.append)
    losses: Dict[str, float] = {}
    nlp.update(make_examples(nlp), sgd=False, losses=losses)
    assert list(reports[0].auxiliary) == ["size"]
    assert losses["mtl.size"] == reports[0].auxiliary["size"] > 0
    assert losses["mtl"] == pytest.approx(sum(losses[f"t{i}"] for i in range(3)))
    n_tokens = sum(len(eg.reference) for eg in make_examples(nlp))
    assert reports[0].units == {f"t{i}": n_tokens for i in range(3)}


def test_state_is_saved() -> None:
    nlp = make_nlp("representation", block("Constant"), strength=1.0)
    nlp.update(make_examples(nlp), sgd=False)
    data = nlp.get_pipe("mtl").to_bytes()
    other = make_nlp("representation", block("Constant"), strength=1.0)
    other.get_pipe("mtl").from_bytes(data)
    assert state_of(other).strength == 0.5


def test_state_stays_with_the_model(tmp_path: Any) -> None:
    nlp = make_nlp("representation", block("Constant"), strength=1.0)
    nlp.update(make_examples(nlp), sgd=False)
    nlp.get_pipe("mtl").to_disk(tmp_path)
    sharing = nlp.get_pipe("mtl").model.get_ref("sharing")
    set_scheme(sharing, FadingStrength(7.0))
    nlp.get_pipe("mtl").from_disk(tmp_path)
    assert scheme_of(sharing).get_state() == {"strength": 0.5}

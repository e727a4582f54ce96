"""Checks of methods: tasks, level, missing libraries, values that are not finite."""

from typing import Any, Callable, Dict

import numpy
import pytest
from methods import NAMES, ONLY_AT_PARAMETERS, block, make
from small_matrix import TWO_LOSSES, TWO_ROWS
from spacy.language import Language
from tiny_corpus import make_examples

from spacy_mtl.weighting import checks


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"Constant", "DBMTL", *ONLY_AT_PARAMETERS}))
def test_too_few_tasks(make_nlp: Callable, name: str) -> None:
    """No task is an error. A single task is trained as without the method, with a warning."""
    with pytest.raises(ValueError, match=f"{name} has no task to weigh"):
        make_nlp((), encoder=None, weighting=block(name))
    with pytest.warns(UserWarning, match=f"{name} weighs tasks against.*needs two.*only 'ner'"):
        make_nlp(("ner",), encoder=None, weighting=block(name))


def test_unknown_level(make_nlp: Callable) -> None:
    with pytest.raises(ValueError, match="'gradients' of the component 'mtl' is 'weights'.*repres"):
        make_nlp(encoder=None, gradients="weights")


@pytest.mark.parametrize(
    "name, missing, command",
    [
        ("PCGrad", "torchjd", 'pip install "torchjd"'),
        ("Uncertainty", "torchjd", 'pip install "torchjd"'),
        ("UPGrad", "quadprog", r'pip install "spacy-mtl\[solvers\]"'),
        ("DualProj", "qpsolvers", r'pip install "spacy-mtl\[solvers\]"'),
        ("CAGrad", "cvxpy", r'pip install "spacy-mtl\[solvers\]"'),
        ("FairGrad", "scipy", r'pip install "spacy-mtl\[solvers\]"'),
    ],
)
def test_missing_library(
    make_nlp: Callable, monkeypatch: pytest.MonkeyPatch, name: str, missing: str, command: str
) -> None:
    """Training fails on initialization, with the command that installs the library."""
    find_spec = checks.find_spec
    monkeypatch.setattr(checks, "find_spec", lambda n: None if n == missing else find_spec(n))
    with pytest.raises(ImportError, match=f"{name} needs {missing} for training.*{command}"):
        make_nlp(encoder=None, weighting=block(name))


@pytest.mark.parametrize(
    "name", ["Balanced", "Constant", "NashMTL", "GradNorm", "DBMTL", "ExcessMTL"]
)
def test_methods_without_torchjd(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    combined = make(name)(TWO_LOSSES, TWO_ROWS)
    assert numpy.isfinite(combined.gradient).all()
    assert all(weight > 0 for weight in combined.weights.values())


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"Constant"}))
@pytest.mark.parametrize("value", [numpy.nan, numpy.inf])
def test_diverged(name: str, value: float) -> None:
    rows = TWO_ROWS.copy()
    rows[1, 1] = value
    with pytest.raises(ValueError, match="gradient of the task 'b' is not finite.*diverged"):
        make(name)(TWO_LOSSES, rows)
    weighting = make(name)
    if weighting.needs_losses:
        with pytest.raises(ValueError, match="loss of the task 'a' is not finite"):
            weighting({**TWO_LOSSES, "a": value}, TWO_ROWS)


def test_training_goes_on_after_an_error(make_nlp: Callable) -> None:
    """A step that fails in the weighting does not stay open."""
    nlp: Language = make_nlp(encoder=None, weighting=block("PCGrad"))
    mtl = nlp.get_pipe("mtl")
    weighting, mtl.weighting = mtl.weighting, _Failing()
    with pytest.raises(RuntimeError, match="fails"):
        nlp.update(make_examples(nlp), sgd=False)
    mtl.weighting = weighting
    losses: Dict[str, float] = {}
    nlp.update(make_examples(nlp), sgd=False, losses=losses)
    assert losses["mtl"] > 0


class _Failing:
    def __call__(self, losses: Any, gradients: Any) -> Any:
        raise RuntimeError("fails")

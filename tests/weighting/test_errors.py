"""Mistakes in the block [weighting]: what is wrong, where, how to mend it."""

from typing import Any, Callable, Dict, Iterator

import numpy
import pytest
import spacy
from catalogue import RegistryError
from confection import ConfigValidationError
from methods import LEARNED, NAMES, block, make
from spacy.language import Language
from tiny import make_examples

from spacy_mtl.registry import registry
from spacy_mtl.weighting import checks

LOSSES = {"a": 1.0, "b": 2.0}
ROWS = numpy.eye(2, dtype="float32")


def resolve(weighting: Dict[str, Any]) -> Any:
    return registry.resolve({"weighting": weighting})["weighting"]


@pytest.mark.parametrize(
    "name, nearest",
    [
        ("spacy_mtl.PCgrad.v1", "spacy_mtl.PCGrad.v1"),
        ("spacy_mtl.PCGrad", "spacy_mtl.PCGrad.v1"),
        ("PCGrad.v1", "spacy_mtl.PCGrad.v1"),
        ("uncertainity", "spacy_mtl.Uncertainty.v1"),
        ("spacy_mtl.Gradnorm.v2", "spacy_mtl.GradNorm.v1"),
    ],
)
def test_unknown_method(name: str, nearest: str) -> None:
    nlp = spacy.blank("en")
    with pytest.raises(ValueError, match=f"Did you mean [^?]*'{nearest}'.*Mend '@mtl_weightings'"):
        nlp.add_pipe("mtl", config={"weighting": {"@mtl_weightings": name}})


def test_unknown_method_that_is_like_none() -> None:
    with pytest.raises(ValueError, match="There is no 'xyzzy'.*mtl_weightings'. Registered are:"):
        resolve({"@mtl_weightings": "xyzzy"})


def test_looking_for_a_name_is_no_error() -> None:
    """`spacy package` looks for one with the language first, and catches this."""
    with pytest.raises(RegistryError):
        registry.find("mtl_weightings", "en.spacy_mtl.Constant.v1")
    assert registry.find("mtl_weightings", "spacy_mtl.Constant.v1")["module"]
    assert not registry.has("mtl_weightings", "en.spacy_mtl.Constant.v1")


@pytest.mark.parametrize("name", LEARNED)
def test_no_learning_rate(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} learns its weights.*Set 'learn_rate' in"):
        resolve({"@mtl_weightings": f"spacy_mtl.{name}.v1"})


@pytest.mark.parametrize("name", LEARNED)
@pytest.mark.parametrize("rate", [0.0, -0.1, float("nan"), float("inf")])
def test_learning_rate_of_the_wrong_sign(name: str, rate: float) -> None:
    with pytest.raises(ValueError, match=f"'learn_rate' of {name} is .* > 0"):
        make(name, learn_rate=rate)


@pytest.mark.parametrize(
    "name, settings, message",
    [
        ("DWA", {"temperature": 0.0}, "'temperature' of DWA is 0.0"),
        ("DWA", {"every": 0}, "'every' of DWA is 0"),
        ("STCH", {"mu": -1.0}, "'mu' of STCH"),
        ("MGDA", {"epsilon": 0.0}, "'epsilon' of MGDA"),
        ("MGDA", {"max_iters": 0}, "'max_iters' of MGDA"),
        ("CAGrad", {"c": -0.5}, "'c' of CAGrad is -0.5.* >= 0"),
        ("GradVac", {"beta": 1.5}, "'beta' of GradVac"),
        ("GradNorm", {"alpha": float("nan")}, "'alpha' of GradNorm is nan.* >= 0"),
        ("FAMO", {"weight_decay": -1.0}, "'weight_decay' of FAMO.* >= 0"),
        ("FairGrad", {"alpha": -1.0}, "'alpha' of FairGrad.* >= 0"),
        ("AlignedMTL", {"scale_mode": "max"}, "'scale_mode' of AlignedMTL is 'max'.*median"),
        ("DBMTL", {"beta": 1.0}, "'beta' of DBMTL.*< 1"),
        ("DBMTL", {"decay": -1.0}, "'decay' of DBMTL"),
        ("ExcessMTL", {"step_size": 0.0}, "'step_size' of ExcessMTL"),
        ("ExcessMTL", {"warmup_steps": -1}, "'warmup_steps' of ExcessMTL"),
    ],
)
def test_setting_out_of_range(name: str, settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(name, **settings)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_setting(name: str) -> None:
    with pytest.raises(ConfigValidationError, match="wieghts"):
        make(name, wieghts={})


@pytest.mark.parametrize("weight", [-1.0, float("nan"), "1", None, True, [1.0]])
@pytest.mark.parametrize("name", ["Constant", "PCGrad", "Uncertainty"])
def test_weight_that_is_none(name: str, weight: Any) -> None:
    with pytest.raises(ValueError, match="The weight of task 'a' is .*finite number >= 0"):
        make(name, weights={"a": weight})


@pytest.mark.parametrize("name", ["Constant", "PCGrad", "Uncertainty"])
def test_schedule_of_the_wrong_sign(name: str) -> None:
    """It is found when the schedule gets there, with the step."""

    def falling() -> Iterator[float]:
        yield from (1.0, 0.5, -0.5)

    weighting = make(name, weights={"a": falling()})
    weighting(LOSSES, ROWS)
    weighting(LOSSES, ROWS)
    with pytest.raises(ValueError, match="The weight of task 'a' is -0.5 at step 2"):
        weighting(LOSSES, ROWS)


def test_schedule_without_values() -> None:
    weighting = make("Constant", weights={"a": iter(())})
    with pytest.raises(
        ValueError, match="The weight of task '.' comes from a schedule that gives no value"
    ):
        weighting(LOSSES, ROWS)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_task(make_nlp: Callable, name: str) -> None:
    with pytest.raises(ValueError, match="'weights' names 'nerr', but the tasks.*'tagger', 'ner'"):
        make_nlp(("tagger", "ner"), encoder=None, weighting=block(name, weights={"nerr": 1.0}))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"Constant", "ExcessMTL", "DBMTL"}))
def test_too_few_tasks(make_nlp: Callable, name: str) -> None:
    """None is an error. One is trained as it would be without the method, with a warning."""
    with pytest.raises(ValueError, match=f"{name} has no task to weigh"):
        make_nlp((), encoder=None, weighting=block(name))
    with pytest.warns(UserWarning, match=f"{name} weighs tasks against.*needs two.*'ner'"):
        make_nlp(("ner",), encoder=None, weighting=block(name))


def test_excess_mtl_at_the_representation(make_nlp: Callable) -> None:
    with pytest.raises(ValueError, match='ExcessMTL keeps.*Set gradients = "parameters"'):
        make_nlp(encoder=None, weighting=block("ExcessMTL"))
    make_nlp(encoder=None, weighting=block("ExcessMTL"), gradients="parameters")


def test_dbmtl_says_that_it_has_no_average(make_nlp: Callable, recwarn: Any) -> None:
    with pytest.warns(UserWarning, match="DBMTL runs without its moving average"):
        make_nlp(encoder=None, weighting=block("DBMTL"))
    recwarn.clear()
    make_nlp(encoder=None, weighting=block("DBMTL", beta=0.0))
    make_nlp(encoder=None, weighting=block("DBMTL"), gradients="parameters")
    assert not [w for w in recwarn if "DBMTL" in str(w.message)]


def test_excess_mtl_says_that_one_task_has_all(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spacy.util.logger, "propagate", True)
    large = numpy.repeat(ROWS * [[1], [3]], 1000, axis=1).astype("float32")
    weighting = make("ExcessMTL")
    for _ in range(2):
        weighting(LOSSES, large)
    (message,) = caplog.messages
    assert "all weight to the task 'b'" in message
    assert "Set 'warmup_steps'" in message
    weighting = make("ExcessMTL", warmup_steps=2)
    for _ in range(3):
        weights = weighting(LOSSES, large).weights
    assert min(weights.values()) > 0.9


def test_dbmtl_at_the_ends_of_its_settings() -> None:
    weighting = make("DBMTL", "parameters", beta=0.9, decay=100.0)
    for _ in range(1500):
        found = weighting(LOSSES, ROWS)
    assert numpy.isfinite(found.gradient).all()


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
    """Training fails at initialisation, with the command that installs it."""
    find_spec = checks.find_spec
    monkeypatch.setattr(checks, "find_spec", lambda n: None if n == missing else find_spec(n))
    with pytest.raises(ImportError, match=f"{name} needs {missing} for training.*{command}"):
        make_nlp(encoder=None, weighting=block(name))


@pytest.mark.parametrize("name", ["Constant", "NashMTL", "GradNorm", "DBMTL", "ExcessMTL"])
def test_methods_without_torchjd(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    make(name)(LOSSES, ROWS)


@pytest.mark.parametrize(
    "name, settings",
    [
        ("CAGrad", {"c": 1e39}),
        ("CAGrad", {"weights": {"a": 1e300}}),
        ("UPGrad", {"reg_eps": 1e39}),
        ("DualProj", {"reg_eps": 1e39}),
        ("FairGrad", {"alpha": 1e-300}),
        ("FairGrad", {"weights": {"a": 1e-300}}),
    ],
)
def test_solver_that_gives_up(name: str, settings: Dict[str, Any]) -> None:
    """Solvers are of several libraries, and their errors know of no config."""
    message = rf"{name} found no weights.*a, b.*solver"
    with numpy.errstate(all="ignore"), pytest.raises(ValueError, match=message) as caught:
        make(name, **settings)(LOSSES, ROWS + numpy.float32(0.1))
    assert "mend 'weights' and the numbers of the block [weighting]" in str(caught.value)
    assert caught.value.__cause__ is not None


def test_missing_library_of_a_solver_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    def solve(self: Any, gram: Any, rows: Any) -> Any:
        raise ImportError("no such library")

    weighting = make("PCGrad")
    monkeypatch.setattr(type(weighting), "solve", solve)
    with pytest.raises(ImportError, match="no such library"):
        weighting(LOSSES, ROWS)


@pytest.mark.parametrize("name", ["GradDrop", "NashMTL"])
def test_weights_too_large_for_a_method(name: str) -> None:
    message = rf"{name} found no finite.*mend 'weights'.*block"
    with numpy.errstate(all="ignore"), pytest.raises(ValueError, match=message):
        make(name, weights={"a": 1e300})(LOSSES, ROWS + numpy.float32(0.1))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"Constant"}))
@pytest.mark.parametrize("value", [numpy.nan, numpy.inf])
def test_diverged(name: str, value: float) -> None:
    rows = ROWS.copy()
    rows[1, 1] = value
    with pytest.raises(ValueError, match="gradient of the task 'b' is not finite.*diverged"):
        make(name)(LOSSES, rows)
    weighting = make(name)
    if weighting.needs_losses:
        with pytest.raises(ValueError, match="loss of the task 'a' is not finite"):
            weighting({**LOSSES, "a": value}, ROWS)


def test_config_survives(make_nlp: Callable) -> None:
    """From config to string and back, and spaCy fills in the defaults."""
    for name in sorted(set(NAMES) - {"ExcessMTL", "DBMTL"}):
        nlp = make_nlp(("tagger", "ner"), encoder=None, weighting=block(name), initialize=False)
        text = nlp.config.to_str()
        again = spacy.util.load_model_from_config(nlp.config.from_str(text), auto_fill=True)
        assert again.get_pipe("mtl").weighting.__class__.__name__ == name
        assert again.config["components"]["mtl"]["gradients"] == "representation"


def test_training_goes_on_after_an_error(make_nlp: Callable) -> None:
    """A step that failed in the weighting is not left open."""
    nlp: Language = make_nlp(encoder=None, weighting=block("PCGrad"))
    mtl = nlp.get_pipe("mtl")
    weighting, mtl.weighting = mtl.weighting, _Failing()
    with pytest.raises(RuntimeError, match="fails"):
        nlp.update(make_examples(nlp), sgd=False)
    mtl.weighting = weighting
    nlp.update(make_examples(nlp), sgd=False)


class _Failing:
    def __call__(self, losses: Any, gradients: Any) -> Any:
        raise RuntimeError("fails")

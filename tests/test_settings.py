"""Registered functions check their settings."""

import inspect
import math
import pickle
from typing import Any, Callable, Dict, Iterable, List, Literal, Optional, Union

import numpy
import pytest
import spacy
from spacy.util import get_arg_names
from thinc.api import Config, ConfigValidationError

from spacy_mtl.heads.tagger import make_tagger
from spacy_mtl.registry import check_finite_config, registry
from spacy_mtl.settings import AT_LEAST_ONE, checked, read_names, takes
from spacy_mtl.weighting.mgda import MGDA


@checked("example.v1", "[example]", size=AT_LEAST_ONE)
def example(
    number: float = 1.0,
    size: Optional[int] = None,
    flag: bool = False,
    names: List[str] = [],
    weights: Dict[str, float] = {},
    either: Union[float, Iterable[float]] = 1.0,
    word: Literal["a", "b"] = "a",
    function: Optional[Callable] = None,
    other: Any = None,
) -> str:
    return "made"


@pytest.mark.parametrize(
    "settings",
    [
        {"number": 1},
        {"number": numpy.float32(0.5)},
        {"size": 1},
        {"size": numpy.int64(2)},
        {"names": ("a", "b")},
        {"weights": {"a": 1, "b": 2.0}},
        {"either": iter([1.0])},
        {"either": 2},
        {"word": "b"},
        {"function": len},
        {"other": object()},
        {"other": {"a": [1.0, "nan", 2**62]}},
    ],
)
def test_settings_that_are_right(settings: Dict[str, Any]) -> None:
    assert example(**settings) == "made"


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"number": math.nan}, "'number' of example.v1 is nan, but it must be a finite number"),
        ({"number": "nan"}, "'number' of example.v1 is 'nan'.* Write it without quotes"),
        ({"number": True}, "'number' of example.v1 is True, but it must be a finite number"),
        ({"number": 10**400}, "'number' of example.v1 is a whole .* of about 398 digits.*2 .. 63"),
        ({"number": 10**9999}, "'number' of example.v1 is a whole number of about"),
        ({"number": iter([1.0])}, "'number' of example.v1 is <.*iterator.* a finite number"),
        ({"size": 0}, "'size' of example.v1 is 0, but it must be a whole number, 1 or more"),
        ({"size": 1.0}, "'size' of example.v1 is 1.0, but it must be a whole number or null"),
        ({"flag": 1}, "'flag' of example.v1 is 1, but it must be true or false"),
        ({"flag": "true"}, "'flag' of example.v1 is 'true'.* Write it without quotes"),
        ({"names": "ner"}, "'names' of example.v1 is 'ner', but it must be a list"),
        ({"names": ["a", 1]}, "'names.1' of example.v1 is 1, but it must be a text"),
        ({"weights": {"a": "inf"}}, "'weights.a' of example.v1 is 'inf'.* a finite number"),
        ({"weights": {"a": math.inf}}, "'weights.a' of example.v1 is inf"),
        ({"weights": [1.0]}, r"'weights' of example.v1 is \[1.0\].* a block"),
        ({"either": "x"}, "'either' of example.v1 is 'x'.* a finite number or a schedule"),
        ({"either": [1.0, "x"]}, "'either.1' of example.v1 is 'x'"),
        ({"word": "c"}, "'word' of example.v1 is 'c'.* one of: 'a', 'b'"),
        ({"function": "len"}, "'function' of example.v1 is 'len'.*'@'"),
        ({"other": {"a": [1.0, math.nan]}}, "'other.a.1' of example.v1 is nan"),
        ({"other": [{"b": -math.inf}]}, "'other.0.b' of example.v1 is -inf"),
        ({"other": [10**400]}, "'other.0' of example.v1 is a whole number of about 398 digits"),
    ],
)
def test_settings_that_are_wrong(settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=rf"{message}.*Fix it in \[example\]"):
        example(**settings)


def test_functions_keep_their_metadata() -> None:
    """Their arguments, for confection and spaCy; their location, for `spacy package` and pickle."""
    assert next(iter(inspect.signature(MGDA).parameters)) == "epsilon"
    assert get_arg_names(make_tagger)[:2] == ["nlp", "name"]
    found = registry.find("mtl_weightings", "spacy_mtl.MGDA.v1")
    assert found["module"] == "spacy_mtl.weighting.mgda"
    assert pickle.loads(pickle.dumps(MGDA)) is MGDA
    assert registry.get("mtl_weightings", "spacy_mtl.MGDA.v1") is MGDA


def test_a_component_is_called_by_its_name() -> None:
    """'learn_rate_scale = nan' in a file is read as text."""
    config = Config().from_str("[head]\nlearn_rate_scale = nan\n")["head"]
    with pytest.raises(ValueError, match=r"of the component 'topics' .*\[components.topics\]"):
        spacy.blank("en").add_pipe("mtl_textcat", name="topics", config=config)


def test_config_that_is_not_finite() -> None:
    """Reports all locations at once, before spaCy prints the config. Variables are resolved."""
    text = """
    [variables]
    rate = NaN
    [components]
    [components.ner]
    learn_rate_scale = ${variables.rate}
    [corpora.train]
    sizes = [{"steps": 1e999}, {"steps": 2}]
    [fine]
    x = 1.0
    y = nan
    """
    text = "\n".join(line.strip() for line in text.splitlines())
    text = text.replace("[corpora.train]", "[corpora]\n[corpora.train]")
    for interpolate in (True, False):
        with pytest.raises(ConfigValidationError) as caught:
            check_finite_config(Config().from_str(text, interpolate=interpolate))
        message = str(caught.value)
        for place in (
            "'rate' in [variables]",
            "'learn_rate_scale' in [components.ner]",
            "'sizes.0.steps' in [corpora.train]",
        ):
            assert f"Fix {place}" in message
        assert "fine" not in message
        assert "sizes.1" not in message
    check_finite_config({"a": {"b": [1, 2.0, None, True, "nan"]}})


def test_takes() -> None:
    assert takes(lambda a, b: None, 2)
    assert takes(lambda *a: None, 3)
    assert takes(lambda a, b=1, **k: None, 1)
    assert not takes(lambda a: None, 2)
    assert not takes(lambda a, *, b: None, 1)
    assert not takes("text", 1)
    # A function without a signature.
    assert takes(max, 2)


@pytest.mark.parametrize("given", [None, "ner", {"ner": 1}, [], [1], [""], ["a", "a"], [["a"]]])
def test_lists_that_are_not_names(given: Any) -> None:
    assert not read_names(given)
    assert read_names(["a", "b"]) == ("a", "b")

"""Names that are registered, and names that are not."""

import pickle
from typing import Any, Dict

import pytest
import spacy
from catalogue import RegistryError
from methods import registered

from spacy_mtl.registry import registry
from spacy_mtl.weighting.conflict_free import ConFIG
from spacy_mtl.weighting.pcgrad import PCGrad


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


def test_functions_are_found_where_they_were_written() -> None:
    """Not where what `get` gives was made: `spacy find-function` shows file and line."""

    def create() -> Any:
        return lambda losses, gradients: None

    with registered("own.v1", create):
        found = registry.find("mtl_weightings", "own.v1")
    assert found["module"] == create.__module__
    assert found["file"] == __file__
    assert found["line_no"] > 0


def test_classes_are_registered_as_they_stand() -> None:
    """Their settings are checked, and those of a class that inherits `__init__` are its own."""
    names = {"PCGrad": PCGrad, "ConFIG": ConFIG}
    for name, kind in names.items():
        assert registry.mtl_weightings.get(f"spacy_mtl.{name}.v1") is kind
        with pytest.raises(ValueError, match=f"'normalize' of spacy_mtl.{name}.v1 is 1, but"):
            kind(normalize=1)
        assert type(pickle.loads(pickle.dumps(kind(weights={"a": 2.0})))) is kind

"""Registered and unknown names."""

import pickle
from typing import Any, Dict

import catalogue
import pytest
import spacy
from catalogue import RegistryError
from methods import registered

from spacy_mtl.registry import register, registry
from spacy_mtl.types import Schedule
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
    with pytest.raises(ValueError, match=f"Did you mean [^?]*'{nearest}'.*Fix '@mtl_weightings'"):
        nlp.add_pipe("mtl", config={"weighting": {"@mtl_weightings": name}})


def test_unknown_method_without_a_close_match() -> None:
    with pytest.raises(ValueError, match="There is no 'xyzzy'.*mtl_weightings'. Registered names:"):
        resolve({"@mtl_weightings": "xyzzy"})


def test_find_raises_what_spacy_package_expects() -> None:
    """`spacy package` first looks for a name with the language, and catches this error."""
    with pytest.raises(RegistryError):
        registry.find("mtl_weightings", "en.spacy_mtl.Constant.v1")
    assert registry.find("mtl_weightings", "spacy_mtl.Constant.v1")["module"]
    assert not registry.has("mtl_weightings", "en.spacy_mtl.Constant.v1")


def test_functions_are_found_where_they_were_written() -> None:
    """`spacy find-function` shows the file and line of the original, not of the wrapper."""

    def create() -> Any:
        return lambda losses, gradients: None

    with registered("own.v1", create):
        found = registry.find("mtl_weightings", "own.v1")
    assert found["module"] == create.__module__
    assert found["file"] == __file__
    assert found["line_no"] > 0


def test_classes_are_registered_unchanged() -> None:
    """Their settings are checked under their own names, even with an inherited `__init__`."""
    names = {"PCGrad": PCGrad, "ConFIG": ConFIG}
    for name, kind in names.items():
        assert registry.mtl_weightings.get(f"spacy_mtl.{name}.v1") is kind
        with pytest.raises(ValueError, match=f"'normalize' of spacy_mtl.{name}.v1 is 1, but"):
            kind(normalize=1)
        assert type(pickle.loads(pickle.dumps(kind(weights={"a": 2.0})))) is kind


def test_a_class_without_settings() -> None:
    class Even(Schedule):
        def __call__(self, progress: Any) -> Dict[str, float]:
            return dict.fromkeys(progress.sizes, 1.0)

    try:
        register("mtl_schedules", "even.v1")(Even)
        block = {"@mtl_schedules": "even.v1"}
        assert isinstance(registry.resolve({"schedule": block})["schedule"], Even)
        with pytest.raises(ValueError, match="steps"):
            registry.resolve({"schedule": {**block, "steps": 3}})
    finally:
        catalogue.REGISTRY.pop(("spacy", "mtl_schedules", "even.v1"))

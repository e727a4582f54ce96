"""Settings out of range: what is wrong, and where to fix it."""

from typing import Any, Dict

import pytest
from methods import LEARNED, make

from spacy_mtl.registry import registry


@pytest.mark.parametrize("name", LEARNED)
def test_no_learning_rate(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} learns its weights.*Set 'learn_rate' in"):
        registry.resolve({"weighting": {"@mtl_weightings": f"spacy_mtl.{name}.v1"}})


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

"""Solvers that fail."""

from typing import Any, Dict

import numpy
import pytest
from methods import make
from small_matrix import TWO_LOSSES, TWO_ROWS


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
def test_solver_that_fails(name: str, settings: Dict[str, Any]) -> None:
    """Solvers come from several libraries, and their errors do not mention the config."""
    message = rf"{name} found no weights.*a, b.*solver failed"
    with numpy.errstate(all="ignore"), pytest.raises(ValueError, match=message) as caught:
        make(name, **settings)(TWO_LOSSES, TWO_ROWS + numpy.float32(0.1))
    assert "change 'weights' and the numbers in the block [weighting]" in str(caught.value)
    assert caught.value.__cause__ is not None


def test_missing_library_of_a_solver_is_not_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    def solve(self: Any, gram: Any, rows: Any) -> Any:
        raise ImportError("no such library")

    weighting = make("PCGrad")
    monkeypatch.setattr(type(weighting), "solve", solve)
    with pytest.raises(ImportError, match="no such library"):
        weighting(TWO_LOSSES, TWO_ROWS)

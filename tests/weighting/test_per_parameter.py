"""An encoder whose parameters have changed."""

import pytest
from conflicting_rows import LOSSES, rows_of
from methods import make


@pytest.mark.parametrize("name", ["DBMTL", "ExcessMTL"])
def test_encoder_with_other_parameters(name: str) -> None:
    weighting = make(name, "parameters")
    weighting(LOSSES, rows_of())
    with pytest.warns(UserWarning, match=f"{name} starts over with the task 'a'"):
        combined = weighting(LOSSES, rows_of()[:, :200].copy())
    assert combined.gradient.shape == (200,)

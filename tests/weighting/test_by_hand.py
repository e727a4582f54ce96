"""Every method on one matrix and one vector of losses, against values derived by hand.

Methods that take more than a line have their own file: `test_METHOD.py`.
"""

from pathlib import Path

import pytest
from methods import NAMES, ROWS, make
from small_matrix import THREE_LOSSES, THREE_ROWS, weights_of

from spacy_mtl.registry import registry


def test_every_method_has_a_row() -> None:
    """One that is registered and missing here: see `Row` in `helpers/methods.py`."""
    assert set(ROWS) == set(NAMES)


@pytest.mark.parametrize("name", ROWS)
def test_value_by_hand(name: str) -> None:
    if ROWS[name].weights is None:
        module = registry.mtl_weightings.get(f"spacy_mtl.{name}.v1").__module__.split(".")[-1]
        assert (Path(__file__).parent / f"test_{module}.py").is_file()
        return
    tolerance = 1e-3 if name in ("UPGrad", "DualProj", "MGDA", "FairGrad") else 1e-6
    assert weights_of(make(name)) == pytest.approx(ROWS[name].weights, rel=tolerance)


def test_weights_sum_to_the_number_of_tasks() -> None:
    for name in NAMES:
        combined = make(name)(THREE_LOSSES, THREE_ROWS)
        assert sum(map(abs, combined.weights.values())) == pytest.approx(3), name

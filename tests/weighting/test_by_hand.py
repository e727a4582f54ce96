"""Every method on one matrix and one vector of losses, against values derived by hand.

Methods that take more than a line have their own file: `test_METHOD.py`.
"""

import numpy
import pytest
from methods import NAMES, TORCHJD, make
from small_matrix import THREE_LOSSES, THREE_ROWS, normalized, weights_of

SQRT = numpy.sqrt
BY_HAND = {
    "Constant": [1, 1, 1],
    # 1 / loss.
    "GLS": normalized([1, 2, 0.5]),
    # exp(-0) / 2 for all, exp(0) for all, no two epochs yet.
    "Uncertainty": [1, 1, 1],
    "IMTLL": [1, 1, 1],
    "DWA": [1, 1, 1],
    # Equal shares, divided by the losses.
    "FAMO": normalized([1, 2, 0.5]),
    # Softmax of losses / 3 / mu with mu = 0.1.
    "STCH": normalized(numpy.exp(numpy.asarray([1, 0.5, 2]) / 0.3)),
    "GradNorm": [1, 1, 1],
    # a loses its component against b (+1.2/4 b), b its component against a (+1.2 a).
    "PCGrad": normalized([1 + 1.2, 1 + 0.3, 1]),
    # The shortest convex combination: a and b first (t = (4 + 1.2) / (1 + 4 + 2.4) of a,
    # squared length 2.56 / 7.4), then against c (0.25).
    "MGDA": normalized(
        [
            0.25 * 5.2 / 7.4,
            0.25 * 2.2 / 7.4,
            2.56 / 7.4,
        ]
    ),
    # G w = lengths: solve for equal projections on unit rows.
    "IMTLG": normalized([(4 + 1.2 * 2) / 2.56, (2 + 1.2) / 2.56, 0.5 / 0.25]),
    # Unit rows u: (u u') x = 1, then divided by the lengths.
    "ConFIG": normalized([1 / (1 - 0.6), 1 / (1 - 0.6) / 2, 1 / 0.5]),
    # G w = 1 / w. For two rows of cosine k and lengths 1: w = 1 / sqrt(1 + k).
    "NashMTL": normalized([1 / SQRT(0.4), 1 / SQRT(0.4) / 2, 1 / 0.5]),
    "FairGrad": normalized([1 / SQRT(0.4), 1 / SQRT(0.4) / 2, 1 / 0.5]),
    # Rows of equal length. (At the representation; gradients of logarithms.)
    "DBMTL": normalized([1, 1 / 2, 1 / 0.5]),
    # Each row projected onto the cone of G v >= 0: like PCGrad for two rows.
    "UPGrad": normalized([1 + 1.2, 1 + 0.3, 1]),
    # G 1 = [-0.2, 2.8, 0.25], so the sum conflicts with a: v_a = 1.2.
    "DualProj": normalized([1.2, 1, 1]),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_value_by_hand(name: str) -> None:
    tolerance = 1e-3 if name in ("UPGrad", "DualProj", "MGDA", "FairGrad") else 1e-6
    assert weights_of(make(name)) == pytest.approx(BY_HAND[name], rel=tolerance)


def test_every_method_has_a_value() -> None:
    by_hand = {*BY_HAND, "CAGrad", "AlignedMTL", "GradDrop", "ExcessMTL", "GradVac", "RLW"}
    assert by_hand == set(NAMES)
    ours_alone = {"Constant", "GradNorm", "DBMTL", "NashMTL"}
    assert {*TORCHJD, *ours_alone} == set(NAMES)


def test_weights_sum_to_the_number_of_tasks() -> None:
    for name in NAMES:
        combined = make(name)(THREE_LOSSES, THREE_ROWS)
        assert sum(map(abs, combined.weights.values())) == pytest.approx(3), name

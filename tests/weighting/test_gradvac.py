"""GradVac: average cosines, also of short rows."""

import pytest
from conflicting_rows import rows_of, seeded
from methods import make
from small_matrix import weights_of


def test_gradvac_by_hand() -> None:
    """Average cosines start at 0, so only a and b conflict; then the averages move."""
    weighting = make("GradVac", normalize=False)
    # a gets w = |a| (0 * 0.8 + 0.6 * 1) / |b| = 0.3 of b, and b 2 * 0.6 / 1 = 1.2 of a.
    assert weights_of(weighting) == pytest.approx([1 + 1.2, 1 + 0.3, 1])
    averages = {(a, b): value for a, b, value in weighting.get_state()["cosines"] if a < b}
    assert averages == pytest.approx({("a", "b"): -0.3, ("a", "c"): 0.0, ("b", "c"): 0.0})


def test_gradvac_keeps_cosines_of_short_rows() -> None:
    rows = rows_of(3, "float64")
    averages = []
    for length in (1.0, 1e-6):
        weighting = make("GradVac")
        seeded(weighting, dict.fromkeys("abc", 1.0), rows * [[1], [length], [length]])
        averages.append(weighting.get_state()["cosines"])
    assert [value for *_, value in averages[1]] == pytest.approx([v for *_, v in averages[0]])

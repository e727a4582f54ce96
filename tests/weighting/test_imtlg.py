"""IMTL-G never increases the loss of all tasks."""

import numpy
from methods import make


def test_imtlg_does_not_go_uphill() -> None:
    """The published weights do, when they are divided by a negative sum."""
    rows = numpy.asarray([[1.0, 0, 0], [0, 1, 0], [0.007, 0.007, 0.0014]])
    losses = dict(zip("abc", (1.0, 1.0, 1.0)))
    assert (rows @ make("IMTLG", normalize=False)(losses, rows).gradient < 0).all()
    assert (rows @ make("IMTLG")(losses, rows).gradient > 0).all()

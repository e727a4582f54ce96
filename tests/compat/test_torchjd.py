"""The private parts of torchjd that `compat/torchjd.py` uses haven't changed."""

import numpy
import pytest
import torch
from torchjd.aggregation import GradVacWeighting
from torchjd.scalarization import FAMO

from spacy_mtl.compat.torchjd import get_cosines, set_cosines, set_logits

GRAM = torch.tensor([[1.0, -0.5], [-0.5, 1.0]], dtype=torch.float64)


def test_gradvac_stores_cosines_by_row() -> None:
    weighting = GradVacWeighting(beta=0.5)
    weighting(GRAM)
    why = "GradVacWeighting stores its averages elsewhere: see compat/torchjd.py"
    assert weighting._phi_t is not None, why
    assert weighting._state_key == (2, torch.float64), why
    # Half of the first cosine, -0.5.
    assert get_cosines(weighting)[0, 1] == pytest.approx(-0.25, abs=1e-6), why


def test_gradvac_continues_from_cosines() -> None:
    one, other = GradVacWeighting(beta=0.5), GradVacWeighting(beta=0.5)
    one(GRAM)
    set_cosines(other, get_cosines(one).copy())
    torch.manual_seed(0)
    expected = one(GRAM)
    torch.manual_seed(0)
    assert torch.equal(other(GRAM), expected), "GradVacWeighting starts again: see set_cosines"
    assert numpy.array_equal(get_cosines(other), get_cosines(one))
    # Without them the result differs.
    assert not torch.equal(GradVacWeighting(beta=0.5)(GRAM), expected)


def test_famo_weights_come_from_its_only_parameter() -> None:
    scalarizer = FAMO(2).double()
    assert list(dict(scalarizer.named_parameters())) == ["_w"], (
        "FAMO has other parameters: see set_logits in compat/torchjd.py"
    )
    logits = torch.tensor([0.0, 1.0], dtype=torch.float64)
    set_logits(scalarizer, logits)
    losses = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
    scalarizer(losses).backward()
    assert torch.allclose(losses.grad, torch.softmax(logits, dim=0)), (
        "FAMO's weights are not the softmax of the logits from set_logits"
    )

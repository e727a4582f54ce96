"""A layer of thinc and a module of torch that have the same number."""

import torch
from thinc.api import Linear, PyTorchWrapper, chain

from spacy_mtl.parameters import slots_of_model, unique


class Shift(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.b = torch.nn.Parameter(torch.ones(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.b


def test_both_have_a_slot() -> None:
    linear, shift = Linear(2, 2), PyTorchWrapper(Shift())
    linear.initialize()
    shift.shims[0].id = linear.id
    model = chain(linear, shift)
    assert len({slot.key for slot in slots_of_model(model)}) == 2
    assert len(unique(slots_of_model(model))) == 3
    assert len(unique([*slots_of_model(model), *slots_of_model(linear)])) == 3

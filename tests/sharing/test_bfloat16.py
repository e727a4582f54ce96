"""Every network of a scheme in bfloat16, as by `precision = "bf16"`: nearly the same results.

Those inside a transformer compute as it does: see test_inside.py.
"""

from typing import Any, Dict

import pytest
import torch
from schemes import OUTSIDE, Row, make_batch, make_features, make_network

TASKS = ["tagger", "ner", "textcat"]
LENGTHS = [3, 0, 1]


def results(network: Any, X: Any, is_bfloat16: bool) -> Dict[str, Any]:
    """Views, auxiliary losses and the features' gradient, with the same draws each time."""
    torch.manual_seed(7)
    X = X.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=is_bfloat16):
        views, losses = network(X, make_batch(LENGTHS, TASKS), TASKS)
    # What the scheme adds: views are mostly the features themselves.
    found = {task: view - _reference(view, X) for task, view in views.items()}
    found.update(losses)
    total = sum(output.float().square().sum() for output in found.values())
    (found["d_X"],) = torch.autograd.grad(total, [X])
    return found


def _reference(view: Any, X: Any) -> Any:
    """The features, as often as the view has them side by side with others."""
    return torch.nn.functional.pad(X, (0, view.shape[1] - X.shape[1]))


@pytest.mark.parametrize("row", OUTSIDE, ids=lambda row: row.id)
def test_same_results_in_bfloat16(row: Row) -> None:
    torch.manual_seed(0)
    network = make_network(row, TASKS).float()
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.3 * torch.randn_like(p))
    X = make_features(LENGTHS).float()
    exact, rounded = (results(network, X, is_bfloat16) for is_bfloat16 in (False, True))
    assert list(exact) == list(rounded)
    for name, value in exact.items():
        assert torch.isfinite(rounded[name]).all()
        difference = (rounded[name].float() - value).norm()
        assert difference <= 0.05 * value.norm() + 1e-3, name
        assert rounded[name].dtype == torch.float32 or name in TASKS, name

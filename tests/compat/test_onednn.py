"""A canary: oneDNN's linear layers in torch, which are private."""

import pytest
import torch
from devices import onednn_has_bfloat16

from spacy_mtl.compat.onednn import has_onednn, linear, prepack


def test_torch_still_has_them() -> None:
    assert has_onednn()


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_linear(dtype: torch.dtype, with_bias: bool) -> None:
    X, weight, bias = torch.randn(6, 5), torch.randn(5, 3), torch.randn(3)
    # Transposed, as in a backward pass.
    given = [X.to(dtype), weight.to(dtype).t(), bias.to(dtype) if with_bias else None]
    if dtype == torch.bfloat16 and not onednn_has_bfloat16():
        with pytest.raises(RuntimeError, match="could not create a primitive"):
            linear(*given)  # type: ignore[arg-type]
        return
    found = linear(*given)  # type: ignore[arg-type]
    assert found.dtype == dtype
    expected = torch.nn.functional.linear(*given)  # type: ignore[arg-type]
    tolerance = 1e-5 if dtype == torch.float32 else 0.05
    assert torch.allclose(found, expected, atol=tolerance)
    X, weight, bias = given  # type: ignore[assignment]
    for n_rows in (6, 1):
        packed = linear(X[:n_rows], prepack(weight), bias, gelu=True)
        activated = torch.nn.functional.gelu(expected[:n_rows])
        assert torch.allclose(packed, activated, atol=tolerance)

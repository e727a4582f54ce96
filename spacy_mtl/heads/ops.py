"""The array operations of the heads' layers on a CPU."""

from typing import Any, List, Optional, Sequence

import numpy
import torch
from thinc.api import Model, NumpyOps

from ..arrays import adjoining, cut
from ..compat.onednn import linear
from ..encoder.fast_linear import is_fast

#: The number of multiplications below which calling oneDNN doesn't pay.
_SMALL = 1_000_000


class HeadOps(NumpyOps):
    """Matrix products on all cores, by oneDNN if that is faster, and lists without copies.

    thinc's own multiply with BLIS on one core.
    """

    def __init__(self) -> None:
        super().__init__(use_blis=False)

    def gemm(
        self,
        x: Any,
        y: Any,
        out: Optional[Any] = None,
        trans1: bool = False,
        trans2: bool = False,
    ) -> Any:
        """Multiply two matrices: see `Ops.gemm`."""
        is_small = x.size * y.shape[0 if trans2 else 1] < _SMALL
        is_fit = out is None and _is_fit(x) and _is_fit(y)
        if is_small or not is_fit or not is_fast(torch.float32):
            return super().gemm(x, y, out=out, trans1=trans1, trans2=trans2)
        X, weight = torch.from_numpy(x), torch.from_numpy(y)
        return linear(X.t() if trans1 else X, weight if trans2 else weight.t()).numpy()

    def flatten(self, X: Sequence[Any], dtype: Any = None, pad: int = 0, **settings: Any) -> Any:
        """Concatenate arrays: see `Ops.flatten`. Parts of one array aren't copied."""
        found = None if dtype or pad else adjoining([x for x in X if x.size])
        return super().flatten(X, dtype, pad, **settings) if found is None else found

    def unflatten(self, X: Any, lengths: Any, pad: int = 0) -> List[Any]:
        """Split an array: see `Ops.unflatten`."""
        return super().unflatten(X, lengths, pad) if pad else cut(X, lengths)


def use_head_ops(layers: Sequence[Model]) -> None:
    """Let layers use these operations, unless they have others than thinc's for a CPU.

    layers (Sequence[Model]): The layers, with all layers in them.
    """
    for layer in layers:
        for node in layer.walk():
            if type(node.ops) is NumpyOps:
                node.ops = HeadOps()


def _is_fit(array: Any) -> bool:
    # torch warns about arrays that are read-only, and takes none with negative strides.
    is_plain = array.dtype == numpy.float32 and array.flags.writeable and min(array.strides) >= 0
    return bool(array.ndim == 2 and is_plain)

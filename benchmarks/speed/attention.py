"""Would attention without padding pay? One layer of a transformer, padded or not, on real texts.

Without padding, all linear layers also see fewer rows. Nested tensors hold the texts one after the
other; the libraries that a GPU computes attention with take them as they are.
"""

from typing import Any, Dict, List, Sequence

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention as attend

from ..timing import Contestant
from .bare import bare_batches, device
from .bench import Bench

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
BACKENDS = {
    "torch's choice": [
        SDPBackend.FLASH_ATTENTION,
        SDPBackend.EFFICIENT_ATTENTION,
        SDPBackend.CUDNN_ATTENTION,
        SDPBackend.MATH,
    ],
    "flash": [SDPBackend.FLASH_ATTENTION],
    "memory-efficient": [SDPBackend.EFFICIENT_ATTENTION],
    "cuDNN": [SDPBackend.CUDNN_ATTENTION],
}


class Layer(nn.Module):
    """A layer of BERT, with random weights.

    width (int): Of the vectors.
    n_heads (int): The number of attention heads.
    """

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.read = nn.ModuleList([nn.Linear(width, width) for _ in range(3)])
        self.write = nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])

    def padded(self, X: Tensor, mask: Tensor) -> Tensor:
        """Run the layer on padded texts.

        X (Tensor): *Shape:* (n_texts, n_pieces, width).
        mask (Tensor): Where there is no padding. *Shape:* (n_texts, 1, 1, n_pieces).
        RETURNS (Tensor): *Shape:* (n_texts, n_pieces, width).
        """
        query, key, value = (self._split(linear(X)) for linear in self.read)
        attended = attend(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        return self._finish(X, attended)

    def nested(self, X: Tensor, offsets: Tensor, longest: int) -> Tensor:
        """Run the layer on texts one after the other.

        X (Tensor): *Shape:* (n_pieces, width).
        offsets (Tensor): Where each text starts, and the end. *Shape:* (n_texts + 1,).
        longest (int): The length of the longest text.
        RETURNS (Tensor): *Shape:* (n_pieces, width).
        """
        parts = []
        for linear in self.read:
            heads = linear(X).unflatten(-1, (self.n_heads, -1))
            nested = torch.nested.nested_tensor_from_jagged(
                heads, offsets, min_seqlen=1, max_seqlen=longest
            )
            parts.append(nested.transpose(1, 2))
        attended = attend(*parts).transpose(1, 2).values().flatten(1)
        return self._finish(X, attended)

    def _split(self, X: Tensor) -> Tensor:
        return X.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

    def _finish(self, X: Tensor, attended: Tensor) -> Tensor:
        X = self.norms[0](X + self.write(attended))
        return self.norms[1](X + self.narrow(nn.functional.gelu(self.widen(X))))


def compare_attention(bench: Bench) -> None:
    """Compare one layer on padded texts and on texts one after the other."""
    from transformers import AutoConfig

    args = bench.args
    config = AutoConfig.from_pretrained(args.encoder)
    batches = bare_batches(args.encoder, [doc.text for doc in bench.test], args.budget)
    for precision in ("fp32", "bf16") if args.bf16 else ("fp32",):
        layer = Layer(config.hidden_size, config.num_attention_heads).eval()
        layer = layer.to(device(), TYPES[precision])
        masks = [batch["attention_mask"].bool() for batch in batches]
        contestants: Dict[str, Contestant] = {}
        for backend in BACKENDS if args.gpu else ("torch's choice",):
            for kind in ("padded", "nested"):
                run = contestant(kind, layer, masks, config.hidden_size, backend)
                try:
                    run()
                # What a library refuses, it says in its own way.
                except Exception as err:
                    print(f"Not possible: {kind}, {backend}, {precision}: {str(err)[:200]}")
                else:
                    contestants[f"{kind}, {backend}"] = run
        bench.measure(f"attention, {precision}", bench.test, contestants)


def contestant(
    kind: str, layer: Layer, masks: Sequence[Tensor], width: int, backend: str
) -> Contestant:
    """RETURNS (Callable[[], None]): Runs the layer on all batches, with random vectors.

    kind (str): "padded" or "nested".
    layer (Layer): The layer.
    masks (Sequence[Tensor]): Where there is text, for each batch. *Shape:* (n_texts, n_pieces).
    width (int): Of the vectors.
    backend (str): The name of what computes attention.
    """
    like = layer.write.weight
    given: List[Any] = []
    for mask in masks:
        lengths = mask.sum(dim=1)
        if kind == "padded":
            X = torch.randn(*mask.shape, width, device=like.device, dtype=like.dtype)
            given.append((X, mask[:, None, None]))
        else:
            X = torch.randn(int(lengths.sum()), width, device=like.device, dtype=like.dtype)
            offsets = nn.functional.pad(lengths.cumsum(0), (1, 0))
            given.append((X, offsets, int(lengths.max())))
    forward = layer.padded if kind == "padded" else layer.nested

    def run() -> None:
        with torch.inference_mode(), sdpa_kernel(BACKENDS[backend]):
            for each in given:
                forward(*each)

    return run

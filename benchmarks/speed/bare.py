"""The bare encoder by PyTorch: the Hugging Face model alone, on precomputed wordpieces."""

from typing import Any, Callable, Dict, List, Sequence

from ..timing import Contestant

#: Wordpieces of texts of similar length, by the name of the input: ids and mask.
#: Shape of each: (n_texts, n_pieces).
Batch = Dict[str, Any]
#: Runs the bare encoder on all batches, and returns the vectors of the last one, if it is easy to.
#: Shape: (n_texts, n_pieces, width).
Encode = Callable[[], Any]


def device() -> Any:
    """RETURNS (torch.device): The device that spaCy uses."""
    from thinc.api import get_torch_default_device

    return get_torch_default_device()


def bare_batches(encoder: str, texts: List[str], budget: int) -> List[Batch]:
    """RETURNS (List[Dict[str, Tensor]]): Padded batches of texts of similar length."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(encoder)
    encoded = tokenizer(texts, truncation=True, max_length=512)["input_ids"]
    groups = group_by_length([len(ids) for ids in encoded], budget)
    rows = [{"input_ids": [encoded[i] for i in group]} for group in groups]
    return [dict(tokenizer.pad(batch, return_tensors="pt").to(device())) for batch in rows]


def group_by_length(lengths: Sequence[int], budget: int) -> List[List[int]]:
    """Group texts of similar length, so that there is little padding.

    lengths (Sequence[int]): The length of each text.
    budget (int): The size of a group, including padding. A longer text has one of its own.
    RETURNS (List[List[int]]): The indices of the texts in each group, longest first.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    groups = []
    while order:
        n_rows = max(1, budget // lengths[order[0]])
        groups.append(order[:n_rows])
        order = order[n_rows:]
    return groups


def load_network(encoder: str) -> Any:
    """RETURNS (PreTrainedModel): The encoder, to predict with."""
    from transformers import AutoModel

    return AutoModel.from_pretrained(encoder).eval().to(device())


def bare_inference(network: Any, batches: List[Batch], precision: str) -> Encode:
    """RETURNS (Callable[[], Tensor]): Runs the encoder alone on all batches."""
    import torch

    def run() -> Any:
        is_rough = precision == "bf16"
        with torch.inference_mode(), torch.autocast(device().type, torch.bfloat16, is_rough):
            for batch in batches:
                found = network(**batch)
        return found.last_hidden_state

    return run


def with_tf32(run: Callable[[], Any]) -> Callable[[], Any]:
    """RETURNS (Callable[[], Any]): Runs something with a GPU's faster products of float32."""
    import torch

    def run_with_tf32() -> Any:
        torch.set_float32_matmul_precision("high")
        try:
            return run()
        finally:
            torch.set_float32_matmul_precision("highest")

    return run_with_tf32


def bare_training(encoder: str, texts: List[str], budget: int, precision: str) -> Contestant:
    """RETURNS (Callable[[], None]): Forward, backward and AdamW, one step per batch."""
    import torch
    from transformers import AutoModel

    network = AutoModel.from_pretrained(encoder).train().to(device())
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-6)
    batches = bare_batches(encoder, texts, budget)

    def run() -> None:
        for batch in batches:
            with torch.autocast(device().type, torch.bfloat16, precision == "bf16"):
                hidden = network(**batch).last_hidden_state
            hidden.float().square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()

    return run

"""Train the encoder in bfloat16 on a CPU, for stock spaCy and this package alike.

Processors with avx512_bf16 or AMX take less than half the time for a step. Weights,
optimiser and everything outside the encoder stay in float32, and trained pipelines
are scored in float32.
"""

from typing import Any, Callable

import spacy
from spacy.language import Language


@spacy.registry.callbacks("benchmarks.bfloat16.v1")
def create_bfloat16() -> Callable[[Language], Language]:
    """Create a callback for [initialize.after_init]."""
    return run_encoder_in_bfloat16


def run_encoder_in_bfloat16(nlp: Language) -> Language:
    """Wrap the forward pass of the encoder of the component `transformer`."""
    import torch

    module: Any = nlp.get_pipe("transformer").model.transformer
    inner = module.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            output = inner(*args, **kwargs)
        for key, value in output.items():
            if isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16:
                output[key] = value.float()
        return output

    module.forward = forward
    return nlp

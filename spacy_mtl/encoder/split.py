"""Trial runs of encoders that are read layer by layer, before any training."""

from typing import Any, Dict, List

import torch

from .layers import layer_error, n_layers_of, trial_ids
from .loading import EncoderError
from .lower import catching, lower_part
from .mode import evaluate
from .upper import upper_part

#: How different the output may be, relative to its largest value.
_TOLERANCE = 1e-4


def try_split(network: Any, n_upper: int) -> None:
    """Check that lower and upper layers give the same output as the whole encoder.

    network (PreTrainedModel): The encoder.
    n_upper (int): The number of upper layers.
    RAISES (EncoderError): If they don't.
    """
    lower, upper = lower_part(network, n_upper), upper_part(network, n_upper)
    for module in (network, lower):
        evaluate(module)
    device = next(network.parameters()).device
    with torch.no_grad(), torch.autocast(device.type, enabled=False):
        for inputs in _inputs_of(network):
            expected = network(**inputs).last_hidden_state
            # Layers of unknown kinds may raise anything.
            try:
                with catching() as given:
                    hidden = lower(**inputs).last_hidden_state
                found = upper(hidden, given)
                error = float((found - expected).abs().max())
            except Exception as err:
                raise layer_error(network, f"{type(err).__name__}: {str(err)[:300]}") from err
            if not error <= _TOLERANCE * float(expected.abs().max()):
                raise layer_error(
                    network,
                    f"its upper {n_upper} layers, run on what the lower ones return, give another "
                    f"result than the whole encoder (it differs by {error:.1e})",
                )


def check_hidden_states(network: Any, scheme: str) -> None:
    """Check that an encoder returns the hidden states of all its layers.

    network (PreTrainedModel): The encoder.
    scheme (str): The name of the sharing scheme, for the message.
    RAISES (EncoderError): If it doesn't.
    """
    evaluate(network)
    ids = trial_ids(network)
    with torch.no_grad():
        try:
            output = network(ids, output_hidden_states=True)
        except TypeError:
            # Its `forward` doesn't know of them.
            output = network(ids)
    last, layers = output.last_hidden_state, getattr(output, "hidden_states", None) or ()
    expected = n_layers_of(network) + 1
    if len(layers) != expected or any(layer.shape != last.shape for layer in layers):
        name = network.config.name_or_path or "?"
        shapes = sorted({str(tuple(layer.shape)) for layer in layers})
        found = f"{len(layers)} of shape {' and '.join(shapes)}" if layers else "none"
        raise EncoderError(
            f"The encoder '{name}' ({type(network).__name__}) can't be used with {scheme}: it must "
            f"return the hidden states of its embeddings and {expected - 1} layers, {expected} of "
            f"shape {tuple(last.shape)}, but it returns {found}. Use another encoder, such as "
            "'roberta-base', or a sharing scheme that stands on top of the encoder."
        )


def _inputs_of(network: Any) -> List[Dict[str, Any]]:
    """RETURNS (List[Dict[str, Tensor]]): A text alone, and two of which one is padded."""
    ids = trial_ids(network, 14)
    mask = torch.ones(2, 7, device=ids.device)
    mask[1, 4:] = 0
    return [
        {"input_ids": ids[:, :7], "attention_mask": mask[:1]},
        {"input_ids": ids.view(2, 7), "attention_mask": mask},
    ]

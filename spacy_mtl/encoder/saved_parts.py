"""Saving the parts of an encoder, and building them again."""

import json
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List, Optional

import torch
from transformers import AutoModel

from ..compat.transformers import has_own_code
from .loading import encoder_half
from .mode import evaluate
from .saved_settings import without_code, without_places


def build_network(config: Any) -> Any:
    """Build a network without setting its weights.

    config (PretrainedConfig): Its config.
    RETURNS (PreTrainedModel): The network. For an encoder-decoder, only the encoder.
    """
    dtype = torch.get_default_dtype()
    try:
        network = AutoModel.from_config(config, trust_remote_code=False)
    finally:
        # The library sets the config's dtype for the whole process, permanently if it fails.
        torch.set_default_dtype(dtype)
    return encoder_half(network)


def set_weights(network: Any, state: bytes, device: Any) -> None:
    """Set the weights of a newly built network.

    network (PreTrainedModel): The network.
    state (bytes): The weights, from `torch.save`.
    device (torch.device): The device to move the network to.
    RAISES (ValueError): If the weights belong to another network.
    """
    values = torch.load(BytesIO(state), map_location=device, weights_only=True)
    try:
        missing, others = network.load_state_dict(values, strict=False)
    except (RuntimeError, TypeError, AttributeError) as err:
        raise ValueError(f"its weights don't fit its config: {err}") from err
    parameters = {name for name, _ in network.named_parameters()}
    lacking = [name for name in missing if name in parameters]
    buffers = ("position_ids", "token_type_ids", "inv_freq")
    unknown = [name for name in others if not name.endswith(buffers)]
    if lacking or unknown:
        raise ValueError(
            "its weights don't fit its config, or are from another version of transformers: "
            f"{_some(lacking)} missing, {_some(unknown)} unknown"
        )
    network.to(device)
    evaluate(network)


def _some(names: List[str]) -> str:
    return ", ".join([*names[:3], *(["..."] if len(names) > 3 else [])]) or "none"


def save_tokenizer(tokenizer: Any, vocabulary: Optional[bytes]) -> Dict[str, Any]:
    """Get the files of a tokenizer, without settings that name code or paths.

    tokenizer (PreTrainedTokenizerBase): The tokenizer.
    vocabulary (Optional[bytes]): Its vocabulary file, if it has one.
    RETURNS (Dict[str, Any]): The files by name, and the loading arguments under "kwargs".
    """
    files: Dict[str, Any] = {"kwargs": {"use_fast": tokenizer.is_fast}}
    with TemporaryDirectory() as folder:
        if vocabulary is not None:
            # The library copies it from its original path, which may be gone.
            path = Path(folder) / tokenizer.vocab_files_names["vocab_file"]
            path.write_bytes(vocabulary)
            tokenizer.vocab_file = str(path)
        tokenizer.save_pretrained(folder)
        for found in sorted(Path(folder).glob("**/*")):
            if found.is_file():
                files[found.name] = found.read_bytes()
    name = "tokenizer_config.json"
    if name in files:
        saved = json.loads(files[name])
        clean = without_places(saved if has_own_code(tokenizer) else without_code(saved))
        if clean != saved:
            files[name] = json.dumps(clean, indent=2, ensure_ascii=False).encode("utf8")
    return files

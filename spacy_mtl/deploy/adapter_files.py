"""The files of an adapter, in the format of the `peft` library."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Type

CONFIG, MATRICES = "adapter_config.json", "adapter_model.safetensors"
#: What peft puts before the name of a module.
_PREFIX = "base_model.model."
_DOWN, _UP = "lora_A", "lora_B"
_POOLER = "pooler."
#: What peft may do beside: rsLoRA and DoRA compute something else; so do ranks that differ.
_OTHERS = (
    "use_rslora",
    "use_dora",
    "rank_pattern",
    "alpha_pattern",
    "modules_to_save",
    "layer_replication",
    "target_parameters",
    "trainable_token_indices",
    "bias",
    "lora_bias",
)
_BEGUN = "init_lora_weights"
#: Ways to begin that change the encoder, so that the adapter doesn't fit the one that it names.
_CHANGING = ("pissa", "olora", "loftq", "corda")
#: By the kind of adapter: peft's name, or ours where it has none.
_TYPES = {"lora": "LORA", "bottleneck": "SPACY_MTL_BOTTLENECK"}


@dataclass(frozen=True)
class Saved:
    """A saved adapter.

    kind (str): "lora" or "bottleneck".
    rank (int): The rank of its matrices.
    scale (float): What their product is multiplied with.
    encoder (str): The name of the encoder that it was trained with.
    fingerprint (Optional[str]): That of this encoder's weights. None in files of others.
    matrices (Dict[str, Tuple[Tensor, Tensor]]): A pair by the name of what it changes, counted
        from the lowest layer with adapters. *Shapes:* (rank, n_inputs) and (n_outputs, rank).
    """

    kind: str
    rank: int
    scale: float
    encoder: str
    fingerprint: Optional[str]
    matrices: Dict[str, Tuple[Any, Any]]


def fingerprint(network: Any) -> str:
    """RETURNS (str): A number that other weights of the encoder don't have, in hexadecimal."""
    found = hashlib.sha256()
    for name, value in sorted(network.encoder.network.state_dict().items()):
        # Nothing here reads what is pooled, and encoders without one are loaded with a random one.
        if name.startswith(_POOLER):
            continue
        found.update(name.encode("utf8"))
        found.update(value.detach().cpu().float().numpy().tobytes())
    return found.hexdigest()


def write_adapter(network: Any, task: str, folder: Path) -> None:
    """Write the adapter of a task.

    network (AdaptersNetwork): The network with the adapters.
    task (str): The task.
    folder (Path): An empty folder.
    """
    from safetensors.torch import save_file

    from ..sharing.adapter_modules import key_of, names_in

    adapter = network.adapters[task]
    values = {}
    modules = []
    for name in names_in(adapter):
        modules.append(network.full_name(name))
        for part, matrices in ((_DOWN, adapter.down), (_UP, adapter.up)):
            value = matrices[key_of(name)].detach().cpu().contiguous()
            values[f"{_PREFIX}{modules[-1]}.{part}.weight"] = value
    encoder = network.encoder.network.config.name_or_path
    config = {
        "peft_type": _TYPES[network.kind],
        "task_type": "FEATURE_EXTRACTION",
        "base_model_name_or_path": encoder,
        "r": network.rank,
        "lora_alpha": network.alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "inference_mode": True,
        "target_modules": modules,
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf8")
    metadata = {"format": "pt", "encoder": fingerprint(network)}
    save_file(values, str(folder / MATRICES), metadata=metadata)


def read_adapter(folder: Path, network: Any, error: Type[ValueError]) -> Saved:
    """Read an adapter.

    folder (Path): Its folder.
    network (AdaptersNetwork): The network that it is read for.
    error (Type[ValueError]): What to raise.
    RETURNS (Saved): The adapter.
    RAISES (ValueError): If there is none, or it can't be read.
    """
    from safetensors import SafetensorError, safe_open

    for name in (CONFIG, MATRICES):
        if not (folder / name).is_file():
            raise error(
                f"There is no adapter in '{folder}': it has no file {name}. Name a folder that "
                "spacy_mtl.save_adapter or the peft library has written."
            )
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf8"))
        kind = {name: kind for kind, name in _TYPES.items()}[config["peft_type"]]
        rank, alpha = int(config["r"]), float(config["lora_alpha"])
        with safe_open(str(folder / MATRICES), framework="pt") as file:
            values = {key: file.get_tensor(key) for key in list(file.keys())}
            metadata = file.metadata() or {}
        others = [key for key in _OTHERS if config.get(key) not in (None, False, "none", {}, [])]
        begun = str(config.get(_BEGUN)).lower()
        others += [f"{_BEGUN} = {begun}"] if begun.startswith(_CHANGING) else []
        pairs = _pairs_of(values)
        wrong = _wrong_pair(pairs, rank)
    except (KeyError, TypeError, ValueError, AttributeError, SafetensorError) as err:
        raise error(f"The adapter in '{folder}' is damaged: {type(err).__name__}: {err}.") from err
    if others:
        raise error(f"The adapter in '{folder}' has '{others[0]}', which isn't supported.")
    if wrong:
        raise error(f"The adapter in '{folder}' is damaged: {wrong}.")
    matrices = {network.short_name(full): pair for full, pair in pairs.items()}
    encoder = str(config.get("base_model_name_or_path"))
    return Saved(kind, rank, alpha / rank, encoder, metadata.get("encoder"), matrices)


def _pairs_of(values: Dict[str, Any]) -> Dict[str, Tuple[Any, Any]]:
    """RETURNS (Dict[str, Tuple[Tensor, Tensor]]): Both matrices of what is changed, by its name.

    RAISES (ValueError): If there is something else.
    """
    parts: Dict[str, Dict[str, Any]] = {}
    for key, value in values.items():
        name, ending = key.removeprefix(_PREFIX), ".weight"
        full, _, part = name.removesuffix(ending).rpartition(".")
        if part not in (_DOWN, _UP) or not name.endswith(ending) or value.ndim != 2:
            raise ValueError(f"'{key}' is no matrix of a saved adapter")
        parts.setdefault(full, {})[part] = value
    return {full: (found[_DOWN], found[_UP]) for full, found in parts.items()}


def _wrong_pair(pairs: Dict[str, Tuple[Any, Any]], rank: int) -> str:
    """RETURNS (str): What is wrong with the matrices. Empty if nothing is."""
    if not pairs:
        return f"{MATRICES} has no matrices"
    if rank < 1:
        return f"its rank 'r' is {rank}"
    for name, (down, up) in pairs.items():
        if (down.shape[0], up.shape[1]) != (rank, rank):
            found = f"{tuple(down.shape)} and {tuple(up.shape)}"
            return f"its rank 'r' is {rank}, but the matrices for '{name}' have the shapes {found}"
    return ""

"""Describe what results depend on besides the config: libraries, machine and data."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Dict, Optional

from spacy.util import walk_dict
from thinc.api import Config

_LIBRARIES = (
    "spacy_mtl",
    "spacy",
    "thinc",
    "torch",
    "transformers",
    "spacy-transformers",
    "tokenizers",
    "torchjd",
    "numpy",
)


def describe_training(config: Config, use_gpu: int) -> Dict[str, Any]:
    """Describe a training, for the meta of its checkpoints.

    config (Config): The interpolated config.
    use_gpu (int): The GPU ID, or -1.
    RETURNS (Dict[str, Any]): The config, data and machine.
    """
    return {
        "config": config.to_str(),
        "data": describe_data(config),
        "machine": describe_machine(use_gpu),
    }


def describe_machine(use_gpu: int) -> Dict[str, Any]:
    """Describe what the results of a training depend on, besides config and data.

    use_gpu (int): The GPU ID, or -1.
    RETURNS (Dict[str, Any]): Versions of libraries, processor and threads.
    """
    import torch

    found: Dict[str, Any] = {name: _version(name) for name in _LIBRARIES}
    found["python"] = platform.python_version()
    found["processor"] = platform.machine() if use_gpu < 0 else torch.cuda.get_device_name(use_gpu)
    found["threads"] = torch.get_num_threads()
    return found


def describe_data(config: Config) -> Dict[str, int]:
    """Describe the files that a training reads.

    config (Config): The interpolated config.
    RETURNS (Dict[str, int]): The size in bytes of each path in [corpora].
    """
    found = {}
    for _, value in walk_dict(config.get("corpora", {})):
        if isinstance(value, str) and value and Path(value).exists():
            files = [Path(value)] if Path(value).is_file() else Path(value).rglob("*.spacy")
            found[value] = sum(file.stat().st_size for file in files)
    return found


def _version(library: str) -> Optional[str]:
    try:
        return version(library)
    except PackageNotFoundError:
        return None

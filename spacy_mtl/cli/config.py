"""What our commands are given: a config, the code that it names, and a GPU."""

import configparser
from pathlib import Path
from typing import Any, Dict, List, Optional

from spacy.util import import_file, load_config
from thinc.api import Config

from ..compat.spacy_cli import import_code, parse_config_overrides, setup_gpu, show_validation_error
from ..settings import check_finite_config

#: Blocks in which spaCy knows every setting.
_CLOSED = ("nlp", "training")


def load_code(code: Optional[Path]) -> None:
    """Import a Python file with functions that a config names.

    code (Optional[Path]): The file.
    RAISES (ValueError): If it is none.
    """
    if code is not None and code.is_dir():
        raise ValueError(f"--code {code} is a folder. Name a Python file.")
    if code is not None and code.exists():
        # spaCy's own way says neither what kind of error it is, nor the line.
        import_file("python_code", code)
        return
    import_code(code)


def overrides_of(args: List[str]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): By dotted name, the settings that options override."""
    return parse_config_overrides(list(args))


def read_config(path: Path, args: List[str]) -> Config:
    """Read a config file.

    path (Path): The file.
    args (List[str]): Options that override it, such as --training.max_steps 10.
    RETURNS (Config): The config, not interpolated.
    RAISES (ValueError): If it is no config.
    """
    overrides = overrides_of(args)
    try:
        with show_validation_error(path, desc=f"The config file is {path}."):
            config = load_config(path, overrides=overrides, interpolate=False)
            # spaCy stops at one, too, and prints the whole config for it.
            check_finite_config(config)
    except configparser.Error as err:
        raise ValueError(f"{path} cannot be read: {err}. Mend it there.") from err
    except UnicodeDecodeError as err:
        raise ValueError(f"{path} is no text in UTF-8: {err}. Name a config file.") from err
    if not isinstance(config.get("nlp"), dict):
        raise ValueError(
            f"{path} is no config of a pipeline: it has no block [nlp]. `python -m spacy init "
            "config` makes one."
        )
    return config


def check_overrides(config: Config, overrides: Dict[str, Any]) -> None:
    """Refuse options that spaCy drops without a word when it fills a config.

    What functions of a block do not take, it tells of itself.

    config (Config): The config, filled.
    overrides (Dict[str, Any]): By dotted name.
    RAISES (ValueError): If there is such an option.
    """
    for name in overrides:
        block, key = name.split(".")[:2]
        if block in _CLOSED and key not in config[block]:
            raise ValueError(
                f"--{name}: there is no such setting. Those of [{block}] are "
                f"{', '.join(config[block])}."
            )


def choose_gpu(use_gpu: int) -> None:
    """Set up the GPU that --gpu-id names, or the CPU.

    use_gpu (int): Its number, or -1.
    RAISES (ValueError): If there is none.
    """
    try:
        setup_gpu(use_gpu)
    except (ValueError, RuntimeError, ImportError) as err:
        raise ValueError(
            f"--gpu-id {use_gpu}: there is no such GPU that can be used ({err}). Take another "
            "number, or -1 for the CPU."
        ) from err

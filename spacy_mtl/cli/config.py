"""Read the inputs of our commands: a config, custom code, and a GPU."""

import configparser
from pathlib import Path
from typing import Any, Dict, List, Optional

from spacy.util import import_file, load_config
from thinc.api import Config

from ..compat.spacy_cli import import_code, parse_config_overrides, setup_gpu, show_validation_error
from ..settings import check_finite_config

#: Blocks whose settings are all known to spaCy.
_CLOSED = ("nlp", "training")


def load_code(code: Optional[Path]) -> None:
    """Import a Python file with functions used in a config.

    code (Optional[Path]): The file.
    RAISES (ValueError): If it isn't a file.
    """
    if code is not None and code.is_dir():
        raise ValueError(f"--code {code} is a folder. Specify a Python file.")
    if code is not None and code.exists():
        # spaCy's own function reports neither the type of an error nor its line.
        import_file("python_code", code)
        return
    import_code(code)


def overrides_of(args: List[str]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): What options such as --training.max_steps 10 override, by dotted
    name."""
    return parse_config_overrides(list(args))


def read_config(path: Path, overrides: Dict[str, Any], *, is_complete: bool = True) -> Config:
    """Read a config file.

    path (Path): The file.
    overrides (Dict[str, Any]): The settings to override, by dotted name.
    is_complete (bool): Whether it must be the config of a whole pipeline.
    RETURNS (Config): The config, not interpolated.
    RAISES (ValueError): If it isn't a config.
    """
    try:
        with show_validation_error(path, desc=f"The config file is {path}."):
            # Overrides need their sections, which only a complete config surely has.
            given = overrides if is_complete else {}
            config = load_config(path, overrides=given, interpolate=False)
            if not is_complete:
                _override(config, overrides)
            # spaCy rejects them, too, but prints the whole config.
            check_finite_config(config)
    except configparser.Error as err:
        raise ValueError(f"{path} cannot be read: {err}. Fix the file.") from err
    except UnicodeDecodeError as err:
        raise ValueError(f"{path} is not UTF-8 text: {err}. Specify a config file.") from err
    if is_complete and not isinstance(config.get("nlp"), dict):
        raise ValueError(
            f"{path} is not a pipeline config: it has no block [nlp]. Create one with "
            "`python -m spacy init config`."
        )
    return config


def _override(config: Config, overrides: Dict[str, Any]) -> None:
    """Set options in a config that may lack their sections."""
    for name, value in overrides.items():
        *sections, key = name.split(".")
        place: Any = config
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise ValueError(f"--{name}: '{section}' is a setting, not a section.")
        place[key] = value


def check_overrides(config: Config, overrides: Dict[str, Any]) -> None:
    """Reject options that spaCy silently drops when it fills a config.

    spaCy already reports arguments that registered functions don't accept.

    config (Config): The filled config.
    overrides (Dict[str, Any]): The options by dotted name.
    RAISES (ValueError): If an option doesn't exist.
    """
    for name in overrides:
        block, key = name.split(".")[:2]
        if block in _CLOSED and key not in config[block]:
            raise ValueError(
                f"--{name}: there is no such setting. The settings of [{block}] are "
                f"{', '.join(config[block])}."
            )


def choose_gpu(use_gpu: int) -> None:
    """Set up the GPU selected by --gpu-id, or the CPU.

    use_gpu (int): The GPU ID, or -1.
    RAISES (ValueError): If the GPU isn't available.
    """
    try:
        setup_gpu(use_gpu)
    except (ValueError, RuntimeError, ImportError) as err:
        raise ValueError(
            f"--gpu-id {use_gpu}: this GPU is not available ({err}). Use another "
            "ID, or -1 for the CPU."
        ) from err

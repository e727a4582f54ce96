"""Read the inputs of our commands: a config, custom code, and a GPU."""

import configparser
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

import typer
from spacy.language import Language
from spacy.util import import_file, load_config, registry
from thinc.api import Config, ConfigValidationError

from ..compat.spacy_cli import import_code, parse_config_overrides, setup_gpu, show_validation_error
from ..hints import nearest
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
    if code is not None and code.is_file() and code.suffix not in all_suffixes():
        raise ValueError(f"--code {code} does not end in .py. Specify a Python file.")
    if code is not None and code.exists():
        # spaCy's own function reports neither the type of an error nor its line.
        import_file("python_code", code)
        return
    import_code(code)


def overrides_of(ctx: typer.Context) -> Dict[str, Any]:
    """Read the options that override settings, such as --training.max_steps 10.

    ctx (Context): The command's context, whose `args` are the options that it doesn't have itself.
    RETURNS (Dict[str, Any]): The settings by dotted name.
    RAISES (ValueError): If an option is no setting. The message has the nearest option.
    """
    known = [option for param in ctx.command.params for option in param.opts]
    for arg in ctx.args:
        option = arg.partition("=")[0]
        if option.startswith("--") and "." not in option and (near := nearest(option, known)):
            raise ValueError(f"No such option '{option}'. {near.strip()}")
    return parse_config_overrides(list(ctx.args))


def read_config(path: Path, overrides: Dict[str, Any], *, is_complete: bool = True) -> Config:
    """Read a config file.

    path (Path): The file.
    overrides (Dict[str, Any]): The settings to override, by dotted name.
    is_complete (bool): Whether it must be the config of a whole pipeline.
    RETURNS (Config): The config, not interpolated.
    RAISES (ValueError): If it isn't a config, or has a setting that spaCy would silently drop.
    """
    try:
        with show_validation_error(path, desc=f"The config file is {path}."):
            # Overrides need their sections, which only a complete config surely has.
            given = overrides if is_complete else {}
            try:
                config = load_config(path, overrides=given, interpolate=False)
            except ConfigValidationError:
                _check_sections(load_config(path, interpolate=False), given)
                raise
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
    if is_complete:
        _check_settings(config, overrides)
        _check_components(config)
    return config


def _check_sections(config: Config, overrides: Dict[str, Any]) -> None:
    """Name the nearest section, where spaCy would only say that a setting can't be overridden."""
    sections = list(_sections(config))
    for name in overrides:
        section = name.rpartition(".")[0]
        if section not in sections:
            raise ValueError(
                f"--{name}: the config has no section [{section}]. "
                f"{nearest(section, sections)}Only settings of sections that are there can be "
                "overridden."
            )


def _sections(config: Dict[str, Any], prefix: str = "") -> Iterator[str]:
    """YIELDS (str): The dotted name of each section."""
    for key, value in config.items():
        if isinstance(value, dict):
            yield f"{prefix}{key}"
            yield from _sections(value, f"{prefix}{key}.")


def _check_settings(config: Config, overrides: Dict[str, Any]) -> None:
    """Name a setting that spaCy silently drops when it fills a config, and the nearest.

    spaCy already reports arguments that registered functions don't accept.
    """
    options = {tuple(name.split(".")[:2]): f"--{name}" for name in overrides}
    for block in _CLOSED:
        known = Language.default_config[block]
        for key in config.get(block, {}):
            if key not in known:
                where = options.get((block, key), f"'{key}' in [{block}] of the config")
                raise ValueError(
                    f"{where}: there is no such setting. {nearest(key, known)}The settings of "
                    f"[{block}] are {', '.join(known)}."
                )


def _check_components(config: Config) -> None:
    """Name the nearest block, or factory, where spaCy would only say that there is none."""
    pipeline, blocks = config["nlp"].get("pipeline"), config.get("components")
    if not isinstance(pipeline, list) or not isinstance(blocks, dict):
        return
    for name in map(str, pipeline):
        if name not in blocks:
            raise ValueError(
                f"[nlp.pipeline] has the component '{name}', but there is no [components.{name}]. "
                f"{nearest(name, blocks)}There are: {', '.join(blocks) or 'none'}."
            )
        factory = blocks[name].get("factory") if isinstance(blocks[name], dict) else None
        names = (f"{config['nlp'].get('lang')}.{factory}", factory)
        if not isinstance(factory, str) or any(each in registry.factories for each in names):
            continue
        if near := nearest(factory, registry.factories.get_all()):
            raise ValueError(
                f"There is no factory for '{factory}', in [components.{name}]. {near}Fix "
                "'factory' there, or import the file that registers it with --code."
            )


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

"""Finding a saved pipeline and reading its config, without running code."""

import os
from importlib.util import find_spec
from pathlib import Path

from thinc.api import Config

from .saved_files import read_file

CONFIG, META = "config.cfg", "meta.json"


class NoPipelineError(ValueError):
    """A name or path that isn't a saved pipeline."""


def find_pipeline(name: str) -> Path:
    """Find the folder of a pipeline without importing its package.

    name (str): A folder, or the name of an installed package.
    RETURNS (Path): The folder with its config.cfg.
    RAISES (NoPipelineError): If there is none.
    """
    path = Path(name)
    # Unlike Path.exists, it doesn't raise for overlong names or inaccessible folders.
    if not os.path.exists(path):
        path = _folder_of_package(name)
    if not path.is_dir():
        raise NoPipelineError(
            f"'{name}' is a file. Use the folder of a pipeline or an installed package; unpack a "
            "wheel with `python -m zipfile -e`."
        )
    if (path / CONFIG).exists():
        return path
    # A package has its pipeline in a subfolder.
    inside = [each.parent for each in sorted(path.glob(f"*/{CONFIG}"))]
    if len(inside) != 1:
        found = ", ".join(each.name for each in inside) or "none"
        raise NoPipelineError(
            f"There is no {CONFIG} in '{path}', and not exactly one of its folders has one (these "
            f"do: {found}). Use the folder of a pipeline, such as training/model-best."
        )
    return inside[0]


def _folder_of_package(name: str) -> Path:
    # For a dotted name, find_spec would import the parent package.
    try:
        spec = find_spec(name) if name.isidentifier() else None
    # Raised for modules without a spec.
    except ValueError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise NoPipelineError(
            f"There is neither a folder nor an installed package '{name}'. Use the folder of a "
            "pipeline, such as training/model-best, or an installed one, such as en_pipeline."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def read_saved_config(folder: Path) -> Config:
    """RETURNS (Config): The config, not resolved. RAISES (ValueError): If it can't be read."""
    text = read_file(folder, folder / CONFIG).decode("utf8")
    return Config().from_str(text, interpolate=False)

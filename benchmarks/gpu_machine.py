"""Check and print what a GPU benchmark needs: the GPU, the libraries, the corpora, the encoder."""

import argparse
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import List

from .places import data_dir, default_encoder

PACKAGES = ("torch", "thinc", "spacy", "transformers", "numpy")
#: The names of cupy's wheels.
CUPY = ("cupy-cuda13x", "cupy-cuda12x", "cupy-cuda11x", "cupy")


def main() -> None:
    """Print the machine, and end with an error if something is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="store_true", help="no GPU is needed")
    args = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.platform()}")
    for name in PACKAGES:
        print(name, version(name))
    print("encoder", default_encoder())
    missing = ([] if args.cpu else problems_of_gpu()) + problems_of_corpora()
    for problem in missing:
        print("MISSING:", problem)
    sys.exit(bool(missing))


def problems_of_gpu() -> List[str]:
    """RETURNS (List[str]): What is missing to use a GPU, and how to get it."""
    import torch

    found = []
    if torch.cuda.is_available():
        _print_gpu()
    else:
        found.append(f"torch {torch.__version__} finds no GPU. It needs a build for CUDA")
    installed = [f"{name} {_version(name)}" for name in CUPY if _version(name)]
    print(", ".join(installed) or "no cupy")
    if not installed:
        found.append(f"cupy, such as: pip install {CUPY[1]}")
    return found


def problems_of_corpora() -> List[str]:
    """RETURNS (List[str]): Which corpora are missing, and how to mend it."""
    folders = [data_dir() / corpus for corpus in ("gum", "snips")]
    return [f"{path}: set SPACY_MTL_DATA" for path in folders if not path.is_dir()]


def _print_gpu() -> None:
    import torch

    about = torch.cuda.get_device_properties(0)
    print(f"{about.name}, {about.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}", end="")
    print(f", compute capability {about.major}.{about.minor}")
    print("bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no bfloat16")
    subprocess.run(["nvidia-smi"], check=False)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    main()

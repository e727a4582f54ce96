"""Copy a pretrained encoder to a folder, so that training finds it without a network.

Usage: python encoder.py SOURCE OUTPUT

SOURCE is a folder, the name of an installed Python package with the encoder in its folder
`model`, or a name on the model hub.
"""

import argparse
import shutil
from importlib.util import find_spec
from pathlib import Path

from transformers import AutoModel, AutoTokenizer


def locate(source: str) -> str:
    """Find the encoder of a source.

    source (str): A folder, a package, or a name on the hub.
    RETURNS (str): The path of a folder, or the name on the hub.
    RAISES (SystemExit): If it is a path without an encoder.
    """
    if (Path(source) / "config.json").is_file():
        return source
    if Path(source).is_dir() or Path(source).is_absolute() or source.startswith("."):
        raise SystemExit(
            f"There is no encoder in the folder '{source}': it has no config.json. Set "
            "--vars.encoder to a folder written by `save_pretrained`, or a name on the model hub."
        )
    spec = find_spec(source) if source.isidentifier() else None
    for package in (spec and spec.submodule_search_locations) or []:
        if (Path(package) / "model" / "config.json").is_file():
            return str(Path(package) / "model")
    return source


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("source")
    parser.add_argument("output", type=Path)
    args = parser.parse_args()
    source = locate(args.source)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, use_fast=True)
        model = AutoModel.from_pretrained(source)
    except (OSError, ValueError) as err:
        raise SystemExit(
            f"Cannot load the encoder '{args.source}': {err}\nSet --vars.encoder to a folder, or "
            "a name on the model hub (which needs a network)."
        ) from err
    shutil.rmtree(args.output, ignore_errors=True)
    model.save_pretrained(args.output)
    tokenizer.save_pretrained(args.output)
    config = model.config
    print(
        f"{source} -> {args.output}: {config.model_type}, {config.num_hidden_layers} layers, "
        f"width {config.hidden_size}"
    )


if __name__ == "__main__":
    main()

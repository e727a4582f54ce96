"""Saved encoders, alone and in pipelines."""

import shutil
import warnings
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
import spacy
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint, inner

from spacy_mtl.encoder.transformer import TransformerEncoder


@pytest.fixture(scope="session")
def saved(encoder_dir: str) -> bytes:
    encoder = TransformerEncoder(encoder_dir)
    encoder.initialize()
    data: bytes = encoder.shims[0].to_bytes()
    return data


OURS = "spacy_mtl.TransformerModel.v1"


def make(encoder_dir: str, where: str) -> Any:
    nlp = spacy.blank("en")
    if where == "component":
        nlp.add_pipe("transformer", config={"model": {"@architectures": OURS, "name": encoder_dir}})
        nlp.add_pipe("mtl")
    else:
        add_joint(nlp, inner(encoder_dir))
    nlp.add_pipe(HEADS["tagger"], name="tagger")
    nlp.initialize(lambda: make_examples(nlp))
    if where == "head":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nlp.replace_listeners("mtl", "tagger", ["model.tok2vec"])
    return nlp


@pytest.fixture(scope="session")
def copy_of(encoder_of: Callable[[str], str], tmp_path_factory: Any) -> Callable[..., Path]:
    """Write a copy of a trained pipeline: copy_of("bert", "component", path)."""
    made: Dict[Any, Path] = {}

    def write(kind: str, where: str, path: Path) -> Path:
        if (kind, where) not in made:
            made[kind, where] = tmp_path_factory.mktemp("saved")
            make(encoder_of(kind), where).to_disk(made[kind, where])
        shutil.copytree(made[kind, where], path, dirs_exist_ok=True)
        return path

    return write

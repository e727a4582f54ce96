"""Predictions of variants of a pipeline."""

from typing import Any

import pytest
import spacy
from spacy.tokens import Doc
from tiny_pipelines import inner


def test_share_of_equal_labels(benchmark_module: Any) -> None:
    vocab = spacy.blank("en").vocab
    one = Doc(vocab, words=["a", "b", "c", "d"], tags=["x"] * 4, ents=["O", "B-P", "I-P", "O"])
    other = Doc(
        vocab, words=["a", "b", "c", "d"], tags=["x", "x", "y", "x"], ents=["B-P"] + ["O"] * 3
    )
    share = benchmark_module("speed.predictions").share_of_equal
    assert share([one], [one]) == 1
    assert share([one], [other]) == 0.25


@pytest.mark.parametrize("where", ["inside mtl", "before mtl"])
def test_block_of_the_encoder(
    where: str, benchmark_module: Any, encoder_dir: str, make_nlp: Any, tmp_path: Any
) -> None:
    encoder = encoder_dir if where == "before mtl" else inner(encoder_dir)
    make_nlp(["tagger"], encoder=encoder).to_disk(tmp_path)
    block = benchmark_module("speed.predictions").block_of_encoder(str(tmp_path))
    expected = "transformer.model" if where == "before mtl" else "mtl.model.tok2vec"
    assert block == f"components.{expected}"
    if where == "inside mtl":
        changed = spacy.load(tmp_path, config={f"{block}.precision": "bf16"})
        assert changed.config["components"]["mtl"]["model"]["tok2vec"]["precision"] == "bf16"

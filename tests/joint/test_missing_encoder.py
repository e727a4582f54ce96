"""Encoders that cannot be loaded, or have no weights yet."""

from pathlib import Path
from typing import Callable

import pytest
import spacy
from encoders_by_place import PLACES, build_at
from tiny_corpus import make_examples
from tiny_pipelines import add_joint, inner

ENCODERS = [
    pytest.param(str, r"\[components.transformer.model\]", id="listener"),
    pytest.param(inner, 'the block .* "spacy_mtl.TransformerEncoder.v1"', id="inner transformer"),
]


@pytest.mark.parametrize("make_encoder, where", ENCODERS)
def test_encoder_folder_that_is_not_there(make_encoder: Callable, where: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, make_encoder("/no/such/folder"))
    nlp.add_pipe("mtl_ner", name="ner")
    message = f"Couldn't load the encoder '/no/such/folder'.* Set 'name' in {where}"
    with pytest.raises(ValueError, match=message):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("make_encoder, where", ENCODERS)
def test_encoder_folder_that_lacks_files(
    make_encoder: Callable, where: str, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").touch()
    nlp = spacy.blank("en")
    add_joint(nlp, make_encoder(str(tmp_path)))
    nlp.add_pipe("mtl_ner", name="ner")
    with pytest.raises(ValueError, match=f"contains notes.txt. It needs config.json.*{where}"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("make_encoder, where", ENCODERS)
def test_encoder_with_damaged_weights(
    make_encoder: Callable, where: str, encoder_dir: str, tmp_path: Path
) -> None:
    for path in Path(encoder_dir).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1")
    nlp = spacy.blank("en")
    add_joint(nlp, make_encoder(str(tmp_path)))
    nlp.add_pipe("mtl_ner", name="ner")
    with pytest.raises(ValueError, match=f"Couldn't load the encoder from the folder.*{where}"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("where", PLACES)
def test_update_without_initialisation(where: str, encoder_dir: str) -> None:
    nlp = build_at(encoder_dir, where)
    name = "transformer" if where in ("stock", "component") else "mtl"
    with pytest.raises(ValueError, match=f"'{name}' has no weights yet: call nlp.initialize"):
        nlp.update(make_examples(nlp))

"""Which layers of an encoder are computed in int8."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from fragile_encoders import FRAGILE, save_fragile_bert
from spacy.language import Language
from tiny_corpus import make_docs, make_examples
from tiny_pipelines import add_joint, inner

from spacy_mtl.deploy.layer_choice import LayerChoice, calibrate_encoders, encoders_of


def make_nlp(folder: str, where: str, **settings: Any) -> Language:
    nlp = spacy.blank("en")
    if where == "inside mtl":
        add_joint(nlp, inner(folder, **settings))
    else:
        config = {"@architectures": "spacy_mtl.TransformerModel.v1", "name": folder, **settings}
        nlp.add_pipe("transformer", config={"model": config})
        nlp.add_pipe("mtl")
    nlp.add_pipe("mtl_tagger")
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def choose(folder: str, where: str) -> LayerChoice:
    return choose_of(make_nlp(folder, where, precision="int8"))


def choose_of(nlp: Language) -> LayerChoice:
    shims = encoders_of(nlp)
    return LayerChoice(shims, calibrate_encoders(shims, make_docs(nlp)))


@pytest.mark.parametrize("where", ["inside mtl", "before mtl"])
def test_a_layer_that_does_not_survive(where: str, encoder_dir: str, tmp_path: Path) -> None:
    choice = choose(save_fragile_bert(encoder_dir, tmp_path / "fragile"), where)
    assert choice.n_layers == 12
    assert list(choice.sizes()) == [0, 1, 2, 4]
    assert choice.leave_out(0) < 0.99
    assert choice.left_out() == []
    assert choice.leave_out(1) > 0.998
    assert choice.left_out() == [FRAGILE]
    assert choice.leave_out(2) > 0.998
    assert len(choice.left_out()) == 2


def test_robust_layers(encoder_dir: str) -> None:
    choice = choose(encoder_dir, "inside mtl")
    cosines = [choice.leave_out(n) for n in choice.sizes()]
    assert cosines == sorted(cosines)
    assert 0.998 < cosines[0] < cosines[-1] < 1


def test_several_encoders(encoder_dir: str, tmp_path: Path) -> None:
    """The worst one counts, and layers of all are compared."""
    fragile = save_fragile_bert(encoder_dir, tmp_path / "fragile")

    nlp = spacy.blank("en")
    for name, folder in (("robust", encoder_dir), ("fragile", fragile)):
        tok2vec = inner(folder, precision="int8")
        model = {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}
        nlp.add_pipe("tagger", name=name, config={"model": model})
    nlp.initialize(lambda: make_examples(nlp))
    choice = choose_of(nlp)
    assert choice.n_layers == 24
    assert choice.leave_out(0) < 0.99
    assert choice.leave_out(1) > 0.998
    assert choice.left_out() == [FRAGILE]
    # Each keeps a layer in int8.
    choice.leave_out(22)
    assert [len(shim.ranges or {}) for shim, _ in choice.encoders] == [1, 1]


def test_texts_without_words(encoder_dir: str) -> None:
    nlp = make_nlp(encoder_dir, "inside mtl", precision="int8")
    docs = [nlp.make_doc(""), nlp.make_doc("")]
    with pytest.raises(ValueError, match="no text to find the ranges.*--data"):
        calibrate_encoders(encoders_of(nlp), docs)

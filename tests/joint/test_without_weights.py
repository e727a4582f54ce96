"""Pipelines that were not initialised, and batches without a token for heads on their own."""

import warnings
from pathlib import Path
from typing import Any, List

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint, inner

ENCODERS = ["stock", "component", "inside", "CNN"]


def build(encoder_dir: str, where: str) -> Language:
    nlp = spacy.blank("en")
    if where == "component":
        model = {"@architectures": "spacy_mtl.TransformerModel.v1", "name": encoder_dir}
        nlp.add_pipe("transformer", config={"model": model})
        nlp.add_pipe("mtl")
    else:
        blocks: Any = {"stock": encoder_dir, "inside": inner(encoder_dir), "CNN": None}
        add_joint(nlp, blocks[where])
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)
    return nlp


@pytest.mark.parametrize("where", ENCODERS)
def test_update_without_initialisation(where: str, encoder_dir: str) -> None:
    nlp = build(encoder_dir, where)
    name = "transformer" if where in ("stock", "component") else "mtl"
    with pytest.raises(ValueError, match=f"'{name}' has no weights yet: call nlp.initialize"):
        nlp.update(make_examples(nlp))


def examples_of(nlp: Language, texts: List[str]) -> List[Example]:
    docs = map(nlp.make_doc, texts)
    return [
        Example.from_dict(
            doc, {"tags": ["NN"] * len(doc), "entities": ["O"] * len(doc), "cats": {"a": 1, "b": 0}}
        )
        for doc in docs
    ]


@pytest.mark.parametrize("texts", [[""], ["", ""], ["", "anna"], ["anna", ""], [" "], []])
@pytest.mark.parametrize("where", ENCODERS)
def test_heads_on_their_own(where: str, texts: List[str], encoder_dir: str, tmp_path: Path) -> None:
    nlp = build(encoder_dir, where)
    nlp.initialize(lambda: make_examples(nlp))
    expected = [(d.tensor.tolist(), dict(d.cats)) for d in nlp.pipe(["anna books"])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for head in HEADS:
            nlp.replace_listeners("mtl", head, ["model.tok2vec"])
    nlp.to_disk(tmp_path)
    for each in (nlp, spacy.load(tmp_path)):
        docs = list(each.pipe(["anna books"]))
        found = [(d.tensor.tolist(), dict(d.cats)) for d in docs]
        assert numpy.allclose(found[0][0], expected[0][0], atol=1e-5)
        assert found[0][1] == pytest.approx(expected[0][1], abs=1e-5)
        assert [doc.text for doc in each.pipe(texts)] == texts
        if texts:
            each.update(examples_of(each, texts))

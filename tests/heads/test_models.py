"""The heads' models: how they are built, and which ones fit."""

from typing import Any, Dict

import pytest
import spacy
from learning_heads import build, learn
from spacy.language import Language
from tiny_corpus import make_examples
from tiny_pipelines import add_joint


def test_pooling_of_another_width(nlp: Language) -> None:
    pooling = {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 8}
    examples = make_examples(nlp)
    build("mtl_textcat", examples, nlp, model={"pooling": pooling})
    learn(nlp, examples, 2)
    loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert loaded("old runs").cats == nlp("old runs").cats


@pytest.mark.parametrize(
    "factory,model",
    [
        ("mtl_tagger", {"@architectures": "spacy.Tagger.v2"}),
        (
            "mtl_textcat",
            {
                "@architectures": "spacy.TextCatReduce.v1",
                "exclusive_classes": True,
                **{f"use_reduce_{name}": True for name in ("first", "last", "max", "mean")},
            },
        ),
    ],
)
def test_stock_model_in_a_head(nlp: Language, factory: str, model: Dict[str, Any]) -> None:
    add_joint(nlp, None)
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    with pytest.raises(ValueError, match="doesn't declare what it scores.*logits"):
        nlp.add_pipe(factory, name="head", config={"model": {**model, "tok2vec": listener}})


def test_no_hidden_units(nlp: Language) -> None:
    with pytest.raises(ValueError, match="'hidden_width' of a head's model is 0"):
        build("mtl_ner", make_examples(nlp), nlp, model={"hidden_width": 0})


@pytest.mark.parametrize(
    "factory,architecture",
    [("mtl_ner", "TextClassifier"), ("mtl_textcat", "TokenClassifier")],
)
def test_model_of_another_head(factory: str, architecture: str) -> None:
    nlp = spacy.blank("en")
    model = {
        "@architectures": f"spacy_mtl.{architecture}.v1",
        "tok2vec": {"@architectures": "spacy_mtl.TaskListener.v1"},
    }
    with pytest.raises(
        ValueError, match=r"'head' scores each .*, but the component annotates each .*head.model"
    ):
        nlp.add_pipe(factory, name="head", config={"model": model})

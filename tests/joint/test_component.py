"""What spaCy asks of the joint component: updates on texts as real data has them, and copies."""

import copy
import pickle
import warnings
from pathlib import Path
from typing import Any, Callable, List

import numpy
import pytest
import spacy
from encoder_gradients import encoder_values
from predicted_values import TEXTS, as_values, predictions
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from tiny_corpus import make_examples
from tiny_pipelines import CNN, HEADS
from training_steps import step, train_steps


def blank(nlp: Language, *texts: str) -> List[Example]:
    """Examples without any annotation."""
    return [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in texts]


@pytest.mark.parametrize(
    "texts",
    [
        [""],
        ["", ""],
        ["", "Anna runs", ""],
        ["a"],
        [" "],
        ["\n\n \t"],
        ["😀 👩‍👩‍👧 runs"],
        ["é́́"],
        ["x" * 3000],
    ],
    ids=lambda texts: repr(texts)[:20],
)
def test_odd_texts(make_nlp: Callable, encoder: Any, texts: List[str]) -> None:
    nlp = make_nlp(encoder=encoder)
    docs = list(nlp.pipe(texts))
    for doc in docs:
        assert sum(doc.cats.values()) == pytest.approx(1.0, abs=1e-4)
        assert all(token.tag_ for token in doc)
        assert len(nlp(doc.text)) == len(doc)
    step(nlp, blank(nlp, *texts))
    step(nlp, [*blank(nlp, *texts), *make_examples(nlp)])
    step(nlp, make_examples(nlp))


def test_no_documents(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    assert list(nlp.pipe([])) == []
    assert nlp.update([], sgd=False) == {}


def test_batch_without_annotation_moves_no_head(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    before = {name: pipe.model.to_bytes() for name, pipe in nlp.pipeline}
    losses = step(nlp, blank(nlp, "Anna runs", "home"))
    assert {losses[name] for name in ("mtl", "tagger", "ner", "textcat")} == {0.0}
    for name in ("tagger", "ner", "textcat"):
        assert nlp.get_pipe(name).model.to_bytes() == before[name]


def test_every_pipe_reports_a_loss(make_nlp: Callable, encoder: Any) -> None:
    """spaCy's console logger reads losses[name] of every trainable pipe."""
    nlp = make_nlp(encoder=encoder)
    losses = nlp.update(blank(nlp, ""), sgd=False)
    assert {"mtl", "tagger", "ner", "textcat"} <= set(losses)


def test_misaligned_tokens(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    gold = {"words": ["Anna", "runshome"], "spaces": [True, False], "tags": ["NN", "VBZ"]}
    predicted = Doc(nlp.vocab, words=["Anna", "runs", "home"], spaces=[True, False, False])
    losses = step(nlp, [Example.from_dict(predicted, {**gold, "entities": ["U-PER", "O"]})])
    assert losses["tagger"] > 0


@pytest.mark.slow
def test_long_document(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    doc = Doc(nlp.vocab, words=["runs", "Anna"] * 10_000)
    for _, pipe in nlp.pipeline:
        doc = pipe(doc)
    assert all(token.tag_ for token in doc)
    copied = Doc(nlp.vocab, words=[token.text for token in doc])
    gold = Doc(nlp.vocab, words=[token.text for token in doc], tags=["VBZ", "NN"] * 10_000)
    losses = step(nlp, [Example(copied, gold)])
    assert numpy.isfinite(losses["mtl"])


def test_no_warning_in_plain_training(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        step(nlp, make_examples(nlp))
        step(nlp, blank(nlp, "Anna runs"))
    assert [str(each.message) for each in caught if "spacy_mtl" in each.filename] == []


def test_it_learns(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp, 60)
    scores = nlp.evaluate(make_examples(nlp))
    assert scores["tag_acc"] == scores["ents_f"] == scores["cats_score"] == 1.0


def test_update_without_optimizer(make_nlp: Callable, encoder: Any) -> None:
    """sgd=None makes the pipeline's own optimizer."""
    nlp = make_nlp(encoder=encoder)
    before = encoder_values(nlp)
    for _ in range(3):
        nlp.update(make_examples(nlp))
    assert not numpy.array_equal(encoder_values(nlp), before)


def test_bytes(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp)
    loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert predictions(loaded) == predictions(nlp)


def test_disk(make_nlp: Callable, encoder: Any, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert predictions(loaded) == predictions(nlp)
    assert loaded.config.to_str() == nlp.config.to_str()
    train_steps(loaded, 1)


def test_pickle_after_update(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp)
    nlp.update(make_examples(nlp), sgd=False, exclude=["textcat"])  # the step stays open
    pipes = pickle.loads(pickle.dumps(list(nlp.pipeline)))
    docs = [nlp.make_doc(text) for text in TEXTS]
    for _, pipe in pipes:
        docs = list(pipe.pipe(docs))
    assert [as_values(doc) for doc in docs] == predictions(nlp)


@pytest.mark.parametrize("frozen", [["mtl"], ["tagger", "ner", "textcat"]])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pickling_after_an_update_without_a_step(make_nlp: Callable, frozen: List[str]) -> None:
    nlp = make_nlp()
    nlp.config["training"]["frozen_components"] = frozen
    train_steps(nlp, 1, exclude=frozen)
    assert pickle.loads(pickle.dumps(nlp))("old runs").cats == nlp("old runs").cats


def test_deepcopy(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None)
    train_steps(nlp)
    copied = copy.deepcopy(nlp.get_pipe("mtl"))
    assert copied.nlp is None
    assert copied.tasks == list(HEADS)


def test_encoder_in_the_place_of_the_sharing_scheme() -> None:
    nlp = spacy.blank("en")
    with pytest.raises(ValueError, match=r"is not a sharing scheme.*components.mtl.model.tok2vec"):
        nlp.add_pipe("mtl", config={"model": CNN})

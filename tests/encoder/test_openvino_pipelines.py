"""Pipelines whose encoder predicts by OpenVINO: the same annotation as by PyTorch."""

import multiprocessing
import pickle
from pathlib import Path
from typing import Any, Callable, List

import numpy
import pytest
import spacy
import torch
from encoders_by_place import build_at
from helpers.transformer_pipelines import (
    OURS,
    TEXTS,
    make_transformer,
    vectors_of,
    with_stock_tagger,
)
from openvino_here import NEEDS_OPENVINO
from predicted_values import as_values, predictions
from spacy.language import Language
from spacy.util import load_model_from_config
from thinc.api import Config
from tiny_corpus import make_examples
from tiny_pipelines import inner
from training_steps import train_steps

from spacy_mtl.compat.thinc import network_of
from spacy_mtl.encoder import copies

pytestmark = NEEDS_OPENVINO

PLACES = ["before mtl", "inside mtl"]


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def saved(place: str, make_nlp: Callable, encoder_dir: str, tmp_path: Path) -> Path:
    """A trained pipeline on disk, whose config says engine = "torch"."""
    if place == "inside mtl":
        nlp = make_nlp(encoder=inner(encoder_dir, engine="torch"))
    else:
        nlp = build_at(encoder_dir, "component")
        nlp.initialize(lambda: make_examples(nlp))
    train_steps(nlp)
    nlp.to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


def load(saved: Path, place: str, engine: str) -> Language:
    keys = {"before mtl": "transformer.model", "inside mtl": "mtl.model.tok2vec"}
    return spacy.load(saved, config={f"components.{keys[place]}.engine": engine})


def assert_same(found: Any, expected: Any, tolerance: float = 1e-4) -> None:
    assert [f[:2] for f in found] == [e[:2] for e in expected]
    for (*_, cats), (*_, others) in zip(found, expected):
        assert cats == pytest.approx(others, abs=tolerance)


def runs_openvino(nlp: Language) -> bool:
    """Whether OpenVINO has a copy of the pipeline's encoder."""
    found = []
    for _, pipe in nlp.components:
        for node in pipe.model.walk():
            networks = [network_of(shim) for shim in node.shims]
            found += [kind for n in networks for kind in copies._COPIES.get(n, {})]
    return any(kind.startswith("openvino,") for kind in found)


def test_same_annotation(saved: Path, place: str) -> None:
    """The engine may be changed when a pipeline is loaded, and changes nothing else in it."""
    mine, theirs = (load(saved, place, engine) for engine in ("torch", "openvino"))
    before = theirs.to_bytes()
    assert not runs_openvino(theirs)
    assert_same(predictions(theirs), predictions(mine))
    assert runs_openvino(theirs)
    assert not runs_openvino(mine)
    assert theirs.to_bytes() == before


def test_round_trips(saved: Path, place: str) -> None:
    nlp = load(saved, place, "openvino")
    expected = predictions(nlp)
    config = Config().from_str(nlp.config.to_str())
    copied = load_model_from_config(config).from_bytes(nlp.to_bytes())
    for again in (copied, pickle.loads(pickle.dumps(nlp))):
        # (OpenVINO's sums may run in another order in another compiled model.)
        assert_same(predictions(again), expected, 1e-6)
        assert runs_openvino(again)


def test_disabled_components(saved: Path, place: str) -> None:
    nlp = load(saved, place, "openvino")
    expected = predictions(nlp)
    with nlp.select_pipes(disable=["ner"]):
        assert [found[0] for found in predictions(nlp)] == [found[0] for found in expected]
    assert_same(predictions(nlp), expected, 1e-6)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("used_before", [False, True])
def test_worker_processes(saved: Path, place: str, used_before: bool, n_threads: int) -> None:
    """Forked children of a process that ran OpenVINO in threads do not hang."""
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this platform does not fork")
    torch.set_num_threads(n_threads)
    texts = TEXTS * 20
    expected = predictions(load(saved, place, "torch"), texts)
    nlp = load(saved, place, "openvino")
    if used_before:
        assert_same(predictions(nlp, texts), expected)
    found = [as_values(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=8)]
    assert_same(found, expected)
    assert_same(predictions(nlp, texts), expected)


def test_evaluation_in_training(make_nlp: Callable, encoder_dir: str) -> None:
    """As training goes on, PyTorch computes."""
    nlp = make_nlp(encoder=inner(encoder_dir, engine="openvino"))
    predictions(nlp)
    assert runs_openvino(nlp)
    train_steps(nlp)
    predictions(nlp)
    assert not runs_openvino(nlp)


def test_stock_vectors(encoder_dir: str) -> None:
    """Of texts of different lengths: each call writes into the same memory."""
    mine, theirs = (make_transformer(encoder_dir, OURS, engine=e) for e in ("torch", "openvino"))
    for batch_size in (1, 2, 100):
        texts: List[str] = [*TEXTS, " ".join(TEXTS * 20)]
        pairs = zip(mine.pipe(texts), theirs.pipe(texts, batch_size=batch_size))
        for expected, found in pairs:
            numpy.testing.assert_allclose(vectors_of(found), vectors_of(expected), atol=1e-5)
    assert runs_openvino(theirs)


def test_replaced_listeners(encoder_dir: str) -> None:
    nlp = with_stock_tagger(encoder_dir, engine="openvino", precision="bf16")
    expected = [[token.tag_ for token in doc] for doc in nlp.pipe(TEXTS)]
    nlp.replace_listeners("transformer", "tagger", ["model.tok2vec"])
    block = nlp.config["components"]["tagger"]["model"]["tok2vec"]
    assert block["@architectures"] == "spacy_mtl.Tok2VecTransformer.v1"
    assert block["engine"] == "openvino"
    nlp.remove_pipe("transformer")
    again = load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())
    for each in (nlp, again):
        assert [[token.tag_ for token in doc] for doc in each.pipe(TEXTS)] == expected
        assert runs_openvino(each)

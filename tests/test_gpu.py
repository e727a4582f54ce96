"""A GPU gives what the CPU gives."""

from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest
import spacy
import torch
from devices import on, skip_without_gpu
from spacy.language import Language
from spacy.util import load_model_from_config
from thinc.api import fix_random_seed
from tiny_corpus import TEXTS, make_examples
from tiny_pipelines import inner

pytestmark = pytest.mark.gpu
WORDS = [text for text, *_ in TEXTS] * 3 + ["", " \n ", "runs " * 700]


@pytest.fixture(autouse=True)
def needs_gpu() -> None:
    skip_without_gpu()


@pytest.fixture
def saved(make_nlp: Any, encoder: Any, tmp_path: Path) -> Path:
    """A pipeline that was trained for a few steps on the CPU, with either place of the encoder."""
    with on("cpu"):
        nlp: Language = make_nlp(encoder=encoder)
        train(nlp, 10)
        nlp.to_disk(tmp_path / "cpu")
    return tmp_path / "cpu"


def train(nlp: Language, n_steps: int) -> List[Dict[str, float]]:
    """The losses of each step."""
    optimizer, found = nlp.resume_training(), []
    optimizer.learn_rate = 1e-2
    for step in range(n_steps):
        fix_random_seed(step)
        losses: Dict[str, float] = {}
        nlp.update(make_examples(nlp), sgd=optimizer, losses=losses)
        found.append(losses)
    return found


def predictions(nlp: Language) -> List[Any]:
    """Tags and entities of each text, and its scores for categories."""
    docs = list(nlp.pipe(WORDS))
    labels = [[(token.tag_, token.ent_iob_, token.ent_type_) for token in doc] for doc in docs]
    return [labels, [dict(doc.cats) for doc in docs]]


def gradients(nlp: Language) -> numpy.ndarray:
    """Those of the encoder after an update, on the CPU, flattened."""
    name = "transformer" if "transformer" in nlp.pipe_names else "mtl"
    shims = [shim for node in nlp.get_pipe(name).model.walk() for shim in node.shims]
    fix_random_seed(0)
    nlp.update(make_examples(nlp), sgd=False)
    parameters = [p for shim in shims for p in shim._model.parameters() if p.grad is not None]
    return torch.cat([p.grad.flatten().cpu() for p in parameters]).numpy()


def assert_same(found: List[Any], expected: List[Any], tolerance: float) -> None:
    assert found[0] == expected[0]
    for scores, others in zip(found[1], expected[1]):
        assert scores == pytest.approx(others, abs=tolerance)


def test_predictions_are_those_of_the_cpu(saved: Path) -> None:
    """A pipeline from a CPU, loaded on a GPU and saved there, and back on the CPU."""
    with on("cpu"):
        expected = predictions(spacy.load(saved))
    assert len(set(expected[0][0])) > 1
    with on("gpu"):
        nlp = spacy.load(saved)
        assert_same(predictions(nlp), expected, 1e-4)
        nlp.to_disk(saved.with_name("gpu"))
        again = load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())
        assert_same(predictions(again), expected, 1e-4)
    with on("cpu"):
        assert_same(predictions(spacy.load(saved.with_name("gpu"))), expected, 1e-4)


def test_training_steps_are_those_of_the_cpu(saved: Path) -> None:
    found = {}
    for device in ("cpu", "gpu"):
        with on(device):
            found[device] = (gradients(spacy.load(saved)), train(spacy.load(saved), 3))
    (d_cpu, cpu), (d_gpu, gpu) = found["cpu"], found["gpu"]
    assert numpy.linalg.norm(d_cpu) > 1e-6
    assert numpy.linalg.norm(d_gpu - d_cpu) < 1e-3 * numpy.linalg.norm(d_cpu)
    for losses, expected in zip(gpu, cpu):
        assert losses == pytest.approx(expected, rel=1e-2, abs=1e-3)


def test_bfloat16_is_close_to_float32(make_nlp: Any, encoder_dir: str) -> None:
    scores, steps = [], []
    for device, precision in (("cpu", "fp32"), ("gpu", "bf16")):
        with on(device):
            nlp = make_nlp(encoder=inner(encoder_dir, precision=precision))
            scores.append(predictions(nlp)[1])
            steps.append(train(nlp, 3))
    for found, expected in zip(scores[1], scores[0]):
        assert found == pytest.approx(expected, abs=0.05)
    for losses, expected in zip(steps[1], steps[0]):
        assert losses == pytest.approx(expected, rel=0.1)


def test_long_documents_and_many_texts_fit_one_pass(saved: Path) -> None:
    """With other micro-batches than on the CPU."""
    texts = ["runs home " * n for n in (1, 3, 900, 5, 200)] * 4
    found = {}
    for device in ("cpu", "gpu"):
        with on(device):
            docs = list(spacy.load(saved).pipe(texts, batch_size=64))
            found[device] = [[token.tag_ for token in doc] for doc in docs]
    assert found["gpu"] == found["cpu"]

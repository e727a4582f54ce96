"""Trainings that are interrupted and continued: equal to those that are not, to the last bit."""

import io
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_by_spacy
from thinc.api import Config, Linear
from tiny import HEADS, add_joint, inner, make_docs

from spacy_mtl.train.checkpoint import find_checkpoints, find_latest
from spacy_mtl.train.loop import train
from spacy_mtl.train.slots import slots_of


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    nlp = spacy.blank("en")
    docs = [doc for _ in range(5) for doc in make_docs(nlp)]
    for i, doc in enumerate(docs):
        if i % 3 == 0:
            doc.cats = {}
    path = tmp_path / "corpus.spacy"
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return str(path)


def config_of(corpus: str, encoder: Any = None, **training: Any) -> Config:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder)
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)
    config: Any = Config(nlp.config).copy()
    config["paths"] = {"train": None, "dev": None, "vectors": None, "init_tok2vec": None}
    reader = {"@readers": "spacy.Corpus.v1", "path": corpus, "gold_preproc": False}
    config["corpora"] = {"train": reader, "dev": reader}
    config["training"].update(max_steps=12, eval_frequency=4, dropout=0.2, seed=3)
    config["training"]["optimizer"] = {
        "@optimizers": "Adam.v1",
        "use_averages": True,
        "learn_rate": {
            "@schedules": "warmup_linear.v1",
            "initial_rate": 0.01,
            "warmup_steps": 3,
            "total_steps": 20,
        },
    }
    config["training"]["batcher"] = {
        "@batchers": "spacy.batch_by_words.v1",
        "size": {"@schedules": "compounding.v1", "start": 8, "stop": 40, "compound": 1.2},
        "tolerance": 0.2,
        "discard_oversize": False,
    }
    config["training"].update(training)
    return config


def values(nlp: Language) -> Dict[str, numpy.ndarray]:
    found = {}
    for slot in slots_of(nlp):
        owner: Any = slot.owner
        is_layer = hasattr(owner, "get_param")
        value = owner.get_param(slot.name) if is_layer else owner.detach().numpy()
        found[slot.address] = numpy.array(value)
    return found


def assert_same(one: Language, other: Language) -> None:
    first, second = values(one), values(other)
    assert list(first) == list(second)
    different = [name for name in first if not numpy.array_equal(first[name], second[name])]
    assert not different
    assert one.meta["performance"] == other.meta["performance"]


def run(
    config: Config, output: Path, stop: Optional[int] = None, every: Optional[int] = None
) -> None:
    """Train, from the last checkpoint if there is one; "killed" after a step."""
    found = find_latest(output) if output.exists() else None
    nlp = init_nlp(config) if found is None else spacy.load(found.pipeline)
    if stop is None:
        train(nlp, output, checkpoint=found, every=every, stdout=io.StringIO())
        return

    update = nlp.update
    n_updates = 0 if found is None else found.step

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        nonlocal n_updates
        n_updates += 1
        if n_updates > stop:
            raise InterruptedError
        return update(*args, **kwargs)

    nlp.update = interrupted  # type: ignore[method-assign]
    with pytest.raises(InterruptedError):
        train(nlp, output, checkpoint=found, every=every, stdout=io.StringIO())


@pytest.mark.parametrize("where", ["CNN", "inside mtl", "before mtl"])
def test_equals_spacy_train(corpus: str, encoder_dir: str, tmp_path: Path, where: str) -> None:
    encoder = {"CNN": None, "inside mtl": inner(encoder_dir), "before mtl": encoder_dir}[where]
    config = config_of(corpus, encoder)
    (tmp_path / "spacy").mkdir()
    train_by_spacy(init_nlp(config), tmp_path / "spacy", stdout=io.StringIO())
    run(config, tmp_path / "ours")
    for name in ("model-last", "model-best"):
        assert_same(spacy.load(tmp_path / "spacy" / name), spacy.load(tmp_path / "ours" / name))


@pytest.mark.parametrize("where", ["CNN", "inside mtl", "before mtl"])
@pytest.mark.parametrize("stops", [[5], [2, 7, 11]], ids=str)
def test_continued_equals_uninterrupted(
    corpus: str, encoder_dir: str, tmp_path: Path, where: str, stops: List[int]
) -> None:
    encoder = {"CNN": None, "inside mtl": inner(encoder_dir), "before mtl": encoder_dir}[where]
    config = config_of(corpus, encoder)
    run(config, tmp_path / "whole")
    for stop in stops:
        run(config, tmp_path / "parts", stop)
        # The counters that thinc's keys are made of go on.
        for _ in range(50):
            Linear()
    run(config, tmp_path / "parts")
    for name in ("model-last", "model-best"):
        assert_same(spacy.load(tmp_path / "whole" / name), spacy.load(tmp_path / "parts" / name))
    assert [each.step for each in find_checkpoints(tmp_path / "parts")] == [13]

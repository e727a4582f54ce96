"""Resumed trainings equal uninterrupted ones, to the last bit."""

import io
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
import spacy
import srsly
from interrupted_loop import run
from short_training import assert_same, config_of, set_corpora
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_by_spacy
from thinc.api import Config, Linear
from tiny_corpus import make_docs
from tiny_pipelines import HEADS, inner
from unsynced_disk import leave_unsynced

from spacy_mtl.train.checkpoint import find_checkpoints


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_unsynced(monkeypatch)


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


def whole_and_parts(config: Config, folder: Path) -> Tuple[Language, Language]:
    """Check that three parts, none ending at a checkpoint, equal uninterrupted training."""
    run(config, folder / "whole", every=3)
    for stop in (4, 8):
        run(config, folder / "parts", stop, every=3)
    run(config, folder / "parts", every=3)
    one, other = (spacy.load(folder / name / "model-last") for name in ("whole", "parts"))
    assert_same(one, other)
    return one, other


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
        # Advance the counters behind thinc's keys.
        for _ in range(50):
            Linear()
    run(config, tmp_path / "parts")
    for name in ("model-last", "model-best"):
        assert_same(spacy.load(tmp_path / "whole" / name), spacy.load(tmp_path / "parts" / name))
    assert [each.step for each in find_checkpoints(tmp_path / "parts")] == [13]


def test_best_of_each_task_after_an_interruption(corpus: str, tmp_path: Path) -> None:
    config = config_of(corpus, eval_frequency=2)
    config["training"]["logger"] = {"@loggers": "spacy_mtl.BestByTask.v1"}
    config["training"]["optimizer"]["learn_rate"] = 0.2
    run(config, tmp_path / "whole")
    for stop in (3, 9):
        run(config, tmp_path / "parts", stop)
    run(config, tmp_path / "parts")
    for task in HEADS:
        one, other = (
            spacy.load(tmp_path / name / f"model-best-{task}") for name in ("whole", "parts")
        )
        assert_same(one, other)


def test_log_after_an_interruption(corpus: str, tmp_path: Path) -> None:
    """Means cover all steps since the last row, including those before the interruption."""
    config = config_of(corpus)
    rows = []
    for name, stops in (("whole", ()), ("parts", (6, 10))):
        file = tmp_path / name / "log.jsonl"
        logger = {"@loggers": "spacy_mtl.ConsoleLogger.v1", "output_file": str(file)}
        config["training"]["logger"] = logger
        for stop in stops:
            run(config, tmp_path / name, stop, every=1)
        run(config, tmp_path / name, every=1)
        # There is one file per start.
        logs = sorted(file.parent.glob("log*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
        rows.append([row for log in logs for row in srsly.read_jsonl(log)])
    for one, other in zip(*rows, strict=True):
        for row in (one, other):
            row.pop("seconds", None)
            row["other_scores"].pop("speed")
        assert one == other


@pytest.mark.parametrize("where", ["CNN", "before mtl"])
def test_losses_computed_again_after_an_interruption(
    corpus: str, encoder_dir: str, tmp_path: Path, where: str
) -> None:
    """The first step needs the previous batch, which this process hasn't seen."""
    config = config_of(corpus, None if where == "CNN" else encoder_dir)
    config["components"]["mtl"]["weighting"] = {
        "@mtl_weightings": "spacy_mtl.FAMO.v1",
        "learn_rate": 0.5,
        "recompute": True,
    }
    one, other = whole_and_parts(config, tmp_path)
    weights = [each.get_pipe("mtl").weighting.get_state() for each in (one, other)]  # type: ignore[attr-defined]
    assert str(weights[0]) == str(weights[1])


@pytest.mark.parametrize("where", ["CNN", "before mtl"])
def test_measurements_after_an_interruption(
    corpus: str, encoder_dir: str, tmp_path: Path, where: str
) -> None:
    """Of gradients at the parameters: what was found, and when the next one is due."""
    config = config_of(corpus, None if where == "CNN" else encoder_dir)
    weighting = {"@mtl_weightings": "spacy_mtl.Balanced.v1"}
    config["components"]["mtl"].update(gradients="parameters", every=5, weighting=weighting)
    one, other = whole_and_parts(config, tmp_path)
    found = [each.get_pipe("mtl")._memory.gramians.get_state() for each in (one, other)]  # type: ignore[attr-defined]
    assert found[0]["averages"]
    assert found[0] == found[1]


SCHEDULES: Dict[str, Dict[str, Any]] = {
    "Temperature": {"temperature": 2.0},
    "ByLoss": {},
    "Bandit": {"target": "ner"},
    "Sequential": {"phases": [{"tasks": ["tagger"], "steps": 4}, {"tasks": ["ner"]}]},
    "ByScore": {"patience": 1, "tolerance": 0.9},
    "Weighted": {
        "shares": {
            "one": {
                "@schedules": "warmup_linear.v1",
                "initial_rate": 1.0,
                "warmup_steps": 2,
                "total_steps": 14,
            },
            "two": 0.3,
        }
    },
}


@pytest.mark.parametrize("max_epochs, mixed", [(0, False), (-1, True)])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_continued_with_several_corpora(
    corpus: str, tmp_path: Path, schedule: str, mixed: bool, max_epochs: int
) -> None:
    """The schedule continues where it stopped, with its learned state."""
    config = config_of(corpus, max_epochs=max_epochs)
    block = {"@mtl_schedules": f"spacy_mtl.{schedule}.v1", **SCHEDULES[schedule]}
    set_corpora(config, corpus, block, mixed)
    whole_and_parts(config, tmp_path)


@pytest.mark.parametrize("max_epochs, mixed", [(0, True), (-1, False)])
def test_continued_with_sub_batches(
    corpus: str, tmp_path: Path, mixed: bool, max_epochs: int
) -> None:
    config = config_of(corpus, max_epochs=max_epochs, accumulate_gradient=2)
    set_corpora(config, corpus, {"@mtl_schedules": "spacy_mtl.Uniform.v1"}, mixed)
    whole_and_parts(config, tmp_path)

"""How a reader prepares the pipeline (labels, batcher), and what it rejects."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config
from three_corpora import (
    SIZES,
    config_of,
    draw_batches,
    initialize,
    make_doc,
    make_reader,
    with_heads,
)
from tiny_pipelines import add_joint


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_labels_are_complete(paths: Dict[str, Path], max_epochs: int) -> None:
    """Including those after the first 100 texts."""
    nlp, _, _ = initialize(config_of(paths, max_epochs))
    assert "RARE" in nlp.get_pipe("tagger").labels
    assert set(nlp.get_pipe("ner").labels) == {"LOC", "LATE"}
    assert set(nlp.get_pipe("textcat").labels) == set("abc")


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_stock_heads_have_all_labels(paths: Dict[str, Path], max_epochs: int) -> None:
    config = config_of(paths, max_epochs)
    nlp = spacy.blank("en")
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    nlp.add_pipe("ner")
    nlp.add_pipe("tagger")
    for name in ("ner", "tagger"):
        block = nlp.config["components"][name]
        block["model"]["tok2vec"] = listener
        config["components"][name] = block
    trained, _, _ = initialize(config)
    assert set(trained.get_pipe("ner").labels) == {"LOC", "LATE"}
    assert "RARE" in trained.get_pipe("tagger").labels


@pytest.mark.filterwarnings("ignore:.*occurs in the data, but not in the labels")
@pytest.mark.parametrize("max_epochs", [0, -1])
@pytest.mark.parametrize("factory", ["mtl_textcat", "mtl_textcat_multilabel"])
def test_labels_that_the_config_names(tmp_path: Path, factory: str, max_epochs: int) -> None:
    """Two heads on the same texts, whose labels are only separated by the config."""
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(f"w{i}") for i in range(20)]
    for i, doc in enumerate(docs):
        doc.cats = {"a": float(i % 2), "b": float(1 - i % 2), "x": 1.0, "y": 0.0}
    DocBin(docs=docs).to_disk(tmp_path / "all.spacy")
    add_joint(nlp, None)
    for task in ("topic", "mood"):
        nlp.add_pipe(factory, name=task)
    config: Any = Config(nlp.config).copy()
    config["paths"] = {"train": None, "dev": None, "vectors": None, "init_tok2vec": None}
    block = {"path": str(tmp_path / "all.spacy"), "tasks": ["topic", "mood"]}
    reader = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": {"all": block}}
    config["corpora"] = {"train": reader, "dev": reader}
    config["training"].update(max_epochs=max_epochs, max_steps=2, eval_frequency=1)
    labels = {"topic": {"labels": ["a", "b"]}, "mood": {"labels": ["x", "y"]}}
    config["initialize"]["components"] = labels
    trained = init_nlp(config)
    for task, named in labels.items():
        assert set(trained.get_pipe(task).labels) == set(named["labels"])  # type: ignore[attr-defined]
    train(trained)


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_stock_batcher(paths: Dict[str, Path], max_epochs: int) -> None:
    """It is wrapped in the one that follows the schedule."""
    config = config_of(paths, max_epochs)
    stock = {"@batchers": "spacy.batch_by_sequence.v1", "size": 6}
    config["training"]["batcher"] = stock
    nlp, _, _ = initialize(config)
    found = nlp.config["training"]["batcher"]
    assert found["@batchers"] == "spacy_mtl.CorpusBatcher.v1"
    assert found["batcher"]["size"] == 6
    counts = Counter(batch[0].corpus for batch in draw_batches(config, 200))
    assert all(45 < counts[name] < 90 for name in SIZES), counts


def test_schedule_is_checked_before_training(paths: Dict[str, Path]) -> None:
    schedule = {"@mtl_schedules": "spacy_mtl.Weighted.v1", "shares": {"tagz": 1.0}}
    with pytest.raises(ValueError, match="names 'tagz'"):
        init_nlp(config_of(paths, schedule=schedule))
    schedule = {"@mtl_schedules": "spacy_mtl.Weighted.v1", "shares": {"tags": 1.0}}
    with pytest.warns(UserWarning, match="never draws from 'names', 'topics'"):
        init_nlp(config_of(paths, schedule=schedule))


def test_beside_an_entity_ruler(paths: Dict[str, Path]) -> None:
    """It reports the same scores, but isn't trained."""
    nlp = with_heads("ner")
    ruler: Any = nlp.add_pipe("entity_ruler", first=True)
    blocks = {"names": {"path": str(paths["names"]), "tasks": ["ner"]}}
    nlp.initialize(lambda: make_reader(blocks)(nlp))
    ruler.add_patterns([{"label": "LOC", "pattern": "p1"}])
    assert nlp.evaluate(list(make_reader(blocks)(nlp)))["ents_f"] is not None


def test_sourced_heads_that_report_the_same(paths: Dict[str, Path], tmp_path: Path) -> None:
    """Trained separately, nothing has separated their scores."""
    for task in ("topic", "mood"):
        nlp = spacy.blank("en")
        add_joint(nlp, None)
        nlp.add_pipe("mtl_textcat", name=task, config={"prefix": f"{task}:"})
        docs = [make_doc(nlp, i) for i in range(30)]
        for doc in docs:
            doc.cats = {f"{task}:{label}": value for label, value in doc.cats.items()}
        DocBin(docs=docs).to_disk(tmp_path / f"{task}.spacy")
        blocks = {task: {"path": str(tmp_path / f"{task}.spacy"), "tasks": [task]}}
        reader = make_reader(blocks)
        nlp.initialize(lambda nlp=nlp, reader=reader: reader(nlp))
        nlp.to_disk(tmp_path / task)
    both = spacy.load(tmp_path / "topic")
    other = spacy.load(tmp_path / "mood", vocab=both.vocab)
    both.add_pipe("mood", source=other)
    blocks = {t: {"path": str(tmp_path / f"{t}.spacy"), "tasks": [t]} for t in ("topic", "mood")}
    with pytest.raises(ValueError, match="'topic' and 'mood' both report 'cats_.*score_prefix = "):
        list(make_reader(blocks)(both))
    for task in ("topic", "mood"):
        both.get_pipe(task).score_prefix = task  # type: ignore[attr-defined]
    examples = list(make_reader(blocks)(both))
    scores = both.evaluate([eg for eg in examples if eg.corpus == "topic"])
    assert scores["topic_cats_score"] is not None
    assert scores["mood_cats_score"] is None

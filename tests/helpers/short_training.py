"""Configure a short training, and compare trained pipelines."""

from pathlib import Path
from typing import Any, Dict

import numpy
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from thinc.api import Config
from tiny_corpus import make_docs
from tiny_pipelines import HEADS, add_joint

from spacy_mtl.parameters import slots_of


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


def write_corpus(path: Path, times: int = 5) -> None:
    docs = [doc for _ in range(times) for doc in make_docs(spacy.blank("en"))]
    DocBin(docs=docs, store_user_data=True).to_disk(path)


def set_corpora(config: Any, path: str, schedule: Dict[str, Any], mixed: bool) -> None:
    """Use two corpora: one with tags and categories, and one with entities."""
    blocks: Dict[str, Any] = {"one": {"path": path, "tasks": ["tagger", "textcat"]}}
    blocks["two"] = {"path": path, "tasks": ["ner"], "limit": 12}
    config["corpora"]["train"] = {
        "@readers": "spacy_mtl.MultiCorpus.v1",
        "corpora": blocks,
        "schedule": schedule,
        "shuffle_buffer": 5,
    }
    config["training"]["batcher"] = {
        "@batchers": "spacy_mtl.CorpusBatcher.v1",
        "mixed": mixed,
        "batcher": config["training"]["batcher"],
    }


def values(nlp: Language) -> Dict[str, numpy.ndarray]:
    return {slot.address: numpy.array(slot.value) for slot in slots_of(nlp)}


def assert_same(one: Language, other: Language) -> None:
    first, second = values(one), values(other)
    assert list(first) == list(second)
    different = [name for name in first if not numpy.array_equal(first[name], second[name])]
    assert not different
    assert one.meta["performance"] == other.meta["performance"]

"""Three corpora with one kind of annotation each, and a training on them."""

from pathlib import Path
from typing import Any, Dict, List

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import create_train_batches
from spacy.util import registry
from thinc.api import Config, fix_random_seed
from tiny_pipelines import HEADS, add_joint

from spacy_mtl.corpus.example import CorpusExample

SIZES = {"tags": 150, "names": 60, "topics": 30}
KINDS = {"tags": "tagger", "names": "ner", "topics": "textcat"}


def make_doc(nlp: Language, i: int) -> Doc:
    """Make a text with all annotation. Rare labels only occur in late texts."""
    words = [f"w{i}", "runs", "to", f"p{i % 7}", "."]
    tag = "RARE" if i == 120 else "NN"
    doc = Doc(nlp.vocab, words=words, tags=[tag, "VBZ", "IN", "NNP", "."])
    label = "LATE" if i == 59 else "LOC"
    doc.set_ents([Span(doc, 3, 4, label=label)], default="outside")
    topic = "abc"[i % 3] if i > 20 else "a"
    doc.cats = {topic: 1.0}
    return doc


def blocks_of(paths: Dict[str, Path], **changes: Dict[str, Any]) -> Dict[str, Any]:
    blocks = {n: {"path": str(path), "tasks": [KINDS[n]]} for n, path in paths.items()}
    for name, change in changes.items():
        blocks[name].update(change)
    return blocks


def config_of(
    paths: Dict[str, Path], max_epochs: int = 0, mixed: bool = False, **changes: Any
) -> Config:
    """Make the config of a training on three corpora, with a CNN inside `mtl`."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for task in KINDS.values():
        nlp.add_pipe(HEADS[task], name=task)
    config: Any = Config(nlp.config).copy()
    config["paths"] = {"train": None, "dev": None, "vectors": None, "init_tok2vec": None}
    reader = {
        "@readers": "spacy_mtl.MultiCorpus.v1",
        "corpora": blocks_of(paths),
        "schedule": {"@mtl_schedules": "spacy_mtl.Uniform.v1"},
    }
    reader.update(changes)
    dev = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": blocks_of(paths)}
    config["corpora"] = {"train": reader, "dev": dev}
    config["training"].update(max_steps=6, eval_frequency=3, max_epochs=max_epochs, seed=0)
    config["training"]["batcher"] = {
        "@batchers": "spacy_mtl.CorpusBatcher.v1",
        "mixed": mixed,
        "batcher": {"@batchers": "spacy.batch_by_sequence.v1", "size": 6},
    }
    return config


def initialize(config: Config) -> Any:
    """Initialize the pipeline, and create reader and batcher like `spacy train`."""
    nlp = init_nlp(config)
    block = nlp.config.interpolate()
    reader = registry.resolve(block["corpora"])["train"]
    batcher = registry.resolve(block["training"])["batcher"]
    return nlp, reader, batcher


def draw_batches(config: Config, n_batches: int) -> List[List[CorpusExample]]:
    nlp, reader, batcher = initialize(config)
    fix_random_seed(0)
    batches = create_train_batches(nlp, reader, batcher, config["training"]["max_epochs"])
    return [batch for _, (_, batch) in zip(range(n_batches), batches)]


def make_reader(blocks: Dict[str, Any], **settings: Any) -> Any:
    block = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": blocks, **settings}
    return registry.resolve({"corpus": block})["corpus"]


def with_heads(*tasks: str) -> Language:
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for task in tasks or KINDS.values():
        nlp.add_pipe(HEADS[task], name=task)
    return nlp

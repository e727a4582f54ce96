"""A valid config, changes to it, and the reaction of a training."""

import io
from copy import deepcopy
from pathlib import Path
from typing import Any, Dict

import spacy
from cases import Gives, Refused
from spacy.tokens import Doc, DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import create_train_batches
from spacy.util import registry, resolve_dot_names
from thinc.api import Config
from tiny_pipelines import CNN, HEADS, add_joint

from spacy_mtl.registry import check_finite_config

SIZED = {"@batchers": "spacy.batch_by_sequence.v1", "size": 2}
READY = Gives("ready")
#: Marks a key that a case removes.
GONE = object()
NAN, INF, HUGE = float("nan"), float("inf"), 10**400


def write_corpora(path: Path) -> None:
    """Write corpora of a few texts, and invalid ones."""
    nlp = spacy.blank("en")
    docs = []
    for i in range(6):
        doc = Doc(nlp.vocab, words=[f"w{i}", "runs", "."], tags=["NN", "VBZ", "."])
        doc.set_ents([Span(doc, 0, 1, label="PER")], default="outside")
        doc.cats = {"a": float(i % 2), "b": 1.0 - i % 2}
        docs.append(doc)
    DocBin(docs=docs).to_disk(path / "all.spacy")
    DocBin(docs=[]).to_disk(path / "empty.spacy")
    DocBin(docs=[Doc(nlp.vocab)]).to_disk(path / "wordless.spacy")
    (path / "none.spacy").write_text("no DocBin", encoding="utf8")
    (path / "zero.spacy").write_bytes(b"")
    (path / "text.txt").write_text("text", encoding="utf8")
    (path / "folder").mkdir()


def make_plain(folder: Path) -> Dict[str, Any]:
    """A valid config that uses all kinds of components of this package."""
    nlp = spacy.blank("en")
    add_joint(nlp, {**CNN, "width": 8, "embed_size": 20})
    for task, factory in HEADS.items():
        nlp.add_pipe(factory, name=task)
    config: Any = Config(nlp.config).copy()
    corpora = {
        "one": {"path": str(folder / "all.spacy"), "tasks": ["tagger", "ner"]},
        "two": {"path": str(folder / "all.spacy"), "tasks": ["textcat"]},
    }
    train = {
        "@readers": "spacy_mtl.MultiCorpus.v1",
        "corpora": corpora,
        "schedule": {"@mtl_schedules": "spacy_mtl.Uniform.v1"},
    }
    dev = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": deepcopy(corpora)}
    config["corpora"] = {"train": train, "dev": dev}
    config["training"].update(max_steps=4, eval_frequency=2, max_epochs=0, seed=0)
    config["training"]["batcher"] = {
        "@batchers": "spacy_mtl.CorpusBatcher.v1",
        "batcher": dict(SIZED),
        "mixed": False,
    }
    config["training"]["logger"] = {"@loggers": "spacy_mtl.ConsoleLogger.v1"}
    return config


def changed(plain: Dict[str, Any], changes: Dict[str, Any], folder: Path) -> Config:
    """A copy with changed settings, by path: "components/ner/learn_rate_scale"."""
    config: Dict[str, Any] = deepcopy(plain)
    for place, value in changes.items():
        *blocks, key = place.split("/")
        block = config
        for name in blocks:
            block = block.setdefault(name, {})
        if value is GONE:
            del block[key]
        else:
            block[key] = _at(value, folder)
    return Config(config)


def _at(value: Any, folder: Path) -> Any:
    if isinstance(value, str) and value.startswith("FOLDER"):
        return value.replace("FOLDER", str(folder))
    if isinstance(value, dict):
        return {key: _at(each, folder) for key, each in value.items()}
    return value


def prepare(config: Config) -> str:
    """Do what `spacy mtl train` does before the first update."""
    check_finite_config(config)
    nlp = init_nlp(config)
    settings = nlp.config.interpolate()
    training = registry.resolve(settings["training"])
    train, dev = resolve_dot_names(settings, [training["train_corpus"], training["dev_corpus"]])
    assert list(dev(nlp))
    _, finalize = training["logger"](nlp, io.StringIO(), io.StringIO())
    finalize()
    batches = create_train_batches(nlp, train, training["batcher"], training["max_epochs"])
    for _ in range(4):
        assert next(batches)[1]
    return "ready"


def steady(rate: Any) -> Dict[str, Any]:
    """A thinc schedule that always gives the same number."""
    return {"@schedules": "constant.v1", "rate": rate}


def refused(key: str, found: str, where: str, *says: str) -> Refused:
    """The expected message about a setting."""
    return Refused(f"'{key}'", f" is {found}", where, *says)


def not_finite(key: str, found: str, where: str) -> Refused:
    """The expected message about NaN, infinity and numbers with too many digits."""
    return Refused(f"{found} is not a finite number", f"Fix '{key}' in {where}")

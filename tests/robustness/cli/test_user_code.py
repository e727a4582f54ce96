"""Custom readers and batchers that yield nothing, or fail."""

from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from cases import Case, Refused, check, name_of
from command_cases import run, says
from spacy.training.initialize import init_nlp

CODED_CASES = [
    Case(
        "a batcher of corpora without any",
        {"inner": "first_empty.v1", "reader": "nothing_later.v1", "max_epochs": -1},
        Refused("spacy_mtl.CorpusBatcher.v1 gets no examples in a pass", "'train_corpus'"),
    ),
    Case("no batch", {"batcher": "none.v1"}, Refused("makes no batch", "a whole pass over 4")),
    Case("empty batches", {"batcher": "empty.v1"}, Refused("makes no batch", "over 4 texts")),
    Case("empty forever", {"batcher": "empty_for_ever.v1"}, Refused("makes no batch")),
    Case(
        "empty batches of a stream",
        {"batcher": "empty.v1", "max_epochs": -1},
        Refused("makes no batch", "over 4 texts"),
    ),
    Case("one of several empty", {"batcher": "first_empty.v1"}, says("Saved pipeline")),
    Case(
        "one of several empty, of several corpora",
        {"inner": "first_empty.v1"},
        says("Saved pipeline"),
    ),
    Case(
        "empty batches of several", {"inner": "empty.v1"}, Refused("makes no batch of the corpus")
    ),
    Case(
        "a stream of nothing",
        {"reader": "nothing_later.v1", "max_epochs": -1},
        Refused("makes no batch", "over 0 texts", "'train_corpus'"),
    ),
    Case("a list of nothing", {"reader": "nothing_later.v1"}, Refused("Could not create any")),
    Case(
        "no epochs of nothing",
        {"reader": "nothing_later.v1", "max_epochs": 0},
        Refused("Could not create any"),
    ),
    Case("no tokens", {"reader": "wordless.v1"}, Refused("makes no batch with a token", "1 texts")),
    Case(
        "a stream without tokens",
        {"reader": "wordless.v1", "max_epochs": -1},
        Refused("makes no batch with a token", "1 texts"),
    ),
    Case(
        "nothing of an endless stream",
        {"reader": "endless.v1", "max_epochs": -1, "batcher": "empty.v1"},
        Refused("makes no batch with a token from 500 texts"),
    ),
    Case(
        "a bug in code",
        {"batcher": "mistake.v1"},
        Refused("TypeError", "unsupported operand", "code.py, line", "in batcher", "--debug"),
    ),
    Case(
        "code that raises a ValueError",
        {"batcher": "refuses.v1"},
        Refused("I want no examples", "code.py, line", "in batcher"),
    ),
    Case(
        "a reader that fails",
        {"dev": "fails_later.v1"},
        Refused("LookupError", "no such thing", "code.py, line", "in reader"),
    ),
]


@pytest.mark.parametrize("case", CODED_CASES, ids=name_of)
def test_code(case: Case, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_mtl.train.batcher._MOST_WITHOUT", 500)

    def initialize(*args: Any, **kwargs: Any) -> Any:
        nlp = init_nlp(*args, **kwargs)
        monkeypatch.setenv("INITIALIZED", "1")
        return nlp

    monkeypatch.setattr("spacy_mtl.cli.train.init_nlp", initialize)

    def go(given: Dict[str, Any]) -> str:
        is_multi = "inner" in given
        config: Any = spacy.util.load_config("multi.cfg" if is_multi else "config.cfg")
        settings = config["training"]
        settings["max_epochs"] = given.get("max_epochs", settings["max_epochs"])
        if is_multi:
            settings["batcher"]["batcher"] = {"@batchers": given["inner"]}
        if "batcher" in given:
            settings["batcher"] = {"@batchers": given["batcher"]}
        for key, name in (("train", "reader"), ("dev", "dev")):
            if name in given:
                config["corpora"][key] = {"@readers": given[name]}
        config.to_disk("coded.cfg")
        return run("train", "coded.cfg --code code.py")

    check(case, go)
    if isinstance(case.answer, Refused):
        assert not list((here / "out").iterdir())

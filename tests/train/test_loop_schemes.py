"""Training with every sharing scheme, by `spacy train` and interrupted."""

import io
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from interrupted_loop import run
from scheme_pipelines import ONE_EACH
from schemes import Row
from short_training import assert_same, config_of, set_corpora
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_by_spacy
from tiny_corpus import make_docs
from unsynced_disk import leave_unsynced


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_unsynced(monkeypatch)


def config_for(row: Row, folder: Path) -> Any:
    """The config of a training on two corpora, changed in the block of the scheme alone."""
    path = folder / "corpus.spacy"
    DocBin(docs=[doc for _ in range(5) for doc in make_docs(spacy.blank("en"))]).to_disk(path)
    config = config_of(str(path), max_steps=8, eval_frequency=4)
    set_corpora(config, str(path), {"@mtl_schedules": "spacy_mtl.Uniform.v1"}, mixed=True)
    # With dropout, and with auxiliary losses where there are some.
    dropout = {"PartialSharing": {}, "LayerMix": {"layer_dropout": 0.1}}
    block = row.block(**dropout.get(row.name, {"dropout": 0.1}))
    config["components"]["mtl"]["model"] = block
    return config


@pytest.mark.parametrize("row", ONE_EACH, ids=lambda row: row.id)
def test_trained_and_interrupted(row: Row, tmp_path: Path) -> None:
    """All three give the same pipeline, to the last bit."""
    config = config_for(row, tmp_path)
    log = {"@loggers": "spacy_mtl.ConsoleLogger.v1", "output_file": str(tmp_path / "log.jsonl")}
    (tmp_path / "spacy").mkdir()
    logged = config.copy()
    logged["training"]["logger"] = log
    train_by_spacy(init_nlp(logged), tmp_path / "spacy", stdout=io.StringIO())
    for stop in (3, 6):
        run(config, tmp_path / "parts", stop, every=2)
    run(config, tmp_path / "parts", every=2)
    one = spacy.load(tmp_path / "spacy" / "model-last")
    other = spacy.load(tmp_path / "parts" / "model-last")
    assert_same(one, other)
    states = [nlp.get_pipe("mtl").scheme.get_state() for nlp in (one, other)]  # type: ignore
    assert srsly.msgpack_dumps(states[0]) == srsly.msgpack_dumps(states[1])
    assert states[0]["step"] == 9
    # Auxiliary losses are columns of their own.
    rows = list(srsly.read_jsonl(tmp_path / "log.jsonl"))
    strengths = one.get_pipe("mtl").scheme.strengths()  # type: ignore[attr-defined]
    assert {key for key in rows[-1]["losses"] if key.startswith("mtl.")} == {
        f"mtl.{name}" for name, strength in strengths.items() if strength
    }

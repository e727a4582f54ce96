"""Kill a training at any moment, and resume it with the command."""

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import List

import pytest
import spacy
from short_training import assert_same, config_of, set_corpora
from spacy.cli._util import app
from spacy.tokens import DocBin
from tiny_corpus import make_docs

import spacy_mtl.cli  # noqa: F401 (adds the command)
from spacy_mtl.train.checkpoint import find_checkpoints

N_KILLS = 6


def start(config: Path, output: Path, *more: str) -> int:
    """Start a training in its own process. (It is forked because imports are slow, and to resume in
    a process that has created other models before.)"""
    words = ["mtl", "train", str(config), "--output", str(output), *more]
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        nowhere = open(os.devnull, "w")  # noqa: SIM115
        sys.stdout = sys.stderr = nowhere
        app(words, standalone_mode=False)
        status = 0
    finally:
        os._exit(status)


def run(config: Path, output: Path, *more: str) -> None:
    _, status = os.waitpid(start(config, output, *more), 0)
    assert status == 0


@pytest.fixture(params=["one corpus", "two, streamed"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    nlp = spacy.blank("en")
    docs = [doc for _ in range(5) for doc in make_docs(nlp)]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "corpus.spacy")
    path = str(tmp_path / "corpus.spacy")
    found = config_of(path, max_steps=40, eval_frequency=10)
    if request.param != "one corpus":
        found["training"]["max_epochs"] = -1
        set_corpora(found, path, {"@mtl_schedules": "spacy_mtl.ByLoss.v1"}, mixed=False)
    found.to_disk(tmp_path / "config.cfg")
    return tmp_path / "config.cfg"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_moment(config: Path, tmp_path: Path) -> None:
    """Even while a checkpoint is being written, which happens at every step."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run(config, whole)
    every_step = "--resume", "--every", "1"
    chance = random.Random(0)
    n_half_written = 0
    steps: List[int] = [0]
    for i in range(N_KILLS):
        process = start(config, parts, *every_step)
        while _latest(parts) <= steps[-1] + 1 or (i % 2 and not _is_writing(parts)):
            assert os.waitpid(process, os.WNOHANG) == (0, 0)
            time.sleep(0.002)
        # Half of the time at a random moment, otherwise while a checkpoint is being written.
        time.sleep(chance.uniform(0, 0.02 if i % 2 else 0.2))
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        assert os.WIFSIGNALED(status)
        n_half_written += bool(list(parts.glob("*.new")))
        # Whatever is left can be loaded completely.
        found = find_checkpoints(parts)
        for checkpoint in found:
            spacy.load(checkpoint.pipeline)
            assert checkpoint.read_state()["step"] == checkpoint.step
        steps.append(found[0].step)
    assert n_half_written
    run(config, parts, *every_step)
    for name in ("model-last", "model-best"):
        assert_same(spacy.load(whole / name), spacy.load(parts / name))


def _latest(folder: Path) -> int:
    return max((checkpoint.step for checkpoint in find_checkpoints(folder)), default=0)


def _is_writing(folder: Path) -> bool:
    return any(folder.glob("checkpoint-*.new"))

"""A training that is killed, at any moment, and continued: by the command line."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, List

import pytest
import spacy
from spacy.tokens import DocBin
from tiny import make_docs
from trained import assert_same, config_of

from spacy_mtl.train.checkpoint import find_checkpoints

N_KILLS = 10


def command(config: Path, output: Path, *more: str) -> List[str]:
    line = [sys.executable, "-m", "spacy", "mtl", "train", str(config), "--output", str(output)]
    return [*line, "--every", "1", *more]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    nlp = spacy.blank("en")
    docs = [doc for _ in range(5) for doc in make_docs(nlp)]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "corpus.spacy")
    path = tmp_path / "config.cfg"
    config_of(str(tmp_path / "corpus.spacy"), max_steps=60, eval_frequency=10).to_disk(path)
    return path


@pytest.mark.slow
def test_killed_at_any_moment(config: Path, tmp_path: Path) -> None:
    """Also while a checkpoint is written: it writes one at every step."""
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    whole = tmp_path / "whole"
    subprocess.run(command(config, whole), env=env, check=True, capture_output=True, timeout=300)
    parts = tmp_path / "parts"
    chance = random.Random(0)
    n_killed = n_half_written = 0
    steps: List[int] = []
    while n_killed < N_KILLS:
        process: Any = subprocess.Popen(
            command(config, parts, "--resume"),
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        before = steps[-1] if steps else 0
        while process.poll() is None and _latest(parts) <= before + 1:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.2))
        if process.poll() is not None:
            assert process.returncode == 0
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        n_killed += 1
        n_half_written += bool(list(parts.glob("*.new")))
        # What is left loads, whole.
        found = find_checkpoints(parts)
        assert found
        for checkpoint in found:
            spacy.load(checkpoint.pipeline)
            assert checkpoint.read_state()["step"] == checkpoint.step
        steps.append(found[0].step)
    assert n_killed == N_KILLS
    assert n_half_written
    subprocess.run(command(config, parts, "--resume"), env=env, check=True, timeout=300)
    for name in ("model-last", "model-best"):
        assert_same(spacy.load(whole / name), spacy.load(parts / name))


def _latest(folder: Path) -> int:
    return max((checkpoint.step for checkpoint in find_checkpoints(folder)), default=0)

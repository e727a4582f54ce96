"""Ranks that PyTorch starts, on two machines as the page about them says: here on one."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import List

import pytest
import spacy
from short_training import assert_same, config_of, write_corpus
from started_commands import result_of, start
from torch.distributed.elastic.utils.distributed import get_free_port

pytestmark = pytest.mark.slow
PAGE = Path(__file__).parents[2] / "docs/scale.md"


def torchrun(folder: Path, *more: str) -> List["subprocess.Popen[str]"]:
    """Start two agents of one rank each, by the command of the page."""
    (line,) = re.findall(r"^(torchrun .*) -m spacy", PAGE.read_text(encoding="utf8"), re.MULTILINE)
    words = shlex.split(line)[1:]
    options = dict(zip(words[::2], words[1::2]))
    options["--rdzv-endpoint"] = f"127.0.0.1:{get_free_port()}"
    options["--nproc-per-node"] = "1"
    assert options["--nnodes"] == "2"
    launched = ["-m", "torch.distributed.run", *(w for pair in options.items() for w in pair)]
    command = [*launched, "-m", "spacy", "mtl", "train", "config.cfg", *more]
    return [start(folder, *command) for _ in range(2)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_corpus(tmp_path / "corpus.spacy")
    config_of("corpus.spacy", max_steps=8).to_disk(tmp_path / "config.cfg")
    return tmp_path


def test_two_machines(folder: Path) -> None:
    """As two ranks of one machine, to the last bit."""
    agents = torchrun(folder, "--output", "two")
    statuses, outputs = zip(*map(result_of, agents))
    assert list(statuses) == [0, 0], outputs
    assert "".join(outputs).count("Saved pipeline") == 1
    command = "-m spacy mtl train config.cfg --output one --ranks 2"
    status, output = result_of(start(folder, *shlex.split(command)))
    assert status == 0, output
    assert_same(*(spacy.load(folder / name / "model-last") for name in ("one", "two")))


def test_fault_on_two_machines(folder: Path) -> None:
    """Our message comes once; torchrun's own report follows."""
    agents = torchrun(folder, "--output", "out", "--training.max_steps", "-1")
    statuses, outputs = zip(*map(result_of, agents))
    assert all(statuses)
    assert "".join(outputs).count("'max_steps' is -1") == 1, outputs

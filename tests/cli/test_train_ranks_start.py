"""Ranks that can't start: each fault is told once, by a message."""

import shutil
import socket
from pathlib import Path
from typing import Any, List, Tuple

import pytest
from short_training import config_of, write_corpus
from started_commands import result_of, start
from torch.distributed.elastic.utils.distributed import get_free_port

from spacy_mtl.ranks.torch_group import START, environment_of

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "first"
    found.mkdir()
    write_corpus(found / "corpus.spacy")
    config_of("corpus.spacy", max_steps=4).to_disk(found / "config.cfg")
    return found


@pytest.fixture
def port() -> int:
    return get_free_port()


def start_rank(folder: Path, rank: int, port: int, *more: str, seconds: int = 60) -> Any:
    """Start one of two ranks, as a launcher that knows nothing of us does."""
    command = ["-m", "spacy", "mtl", "train", "config.cfg", "--output", "out", *more]
    return start(folder, *command, **environment_of(rank, 2, port), **{START: str(seconds)})


def failed(processes: List[Any]) -> str:
    """What they have printed, when all have failed with a message."""
    results: List[Tuple[int, str]] = [result_of(each) for each in processes]
    output = "".join(text for _, text in results)
    assert all(status == 1 for status, _ in results), output
    assert "Traceback" not in output
    return output


@pytest.mark.parametrize("rank", [0, 1])
def test_the_other_never_comes(folder: Path, port: int, rank: int) -> None:
    output = failed([start_rank(folder, rank, port, seconds=2)])
    assert output.count(f"Rank {rank} of 2 did not find the others") == 1
    assert f"127.0.0.1:{port} within 2 seconds" in " ".join(output.split())


def test_port_in_use(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        output = failed([start_rank(folder, 0, port, seconds=2)])
    assert output.count("Rank 0 of 2 did not find the others") == 1
    assert "address already in use" in " ".join(output.split())


def test_another_config(folder: Path, port: int) -> None:
    more = ((), ("--training.dropout", "0.25"))
    output = failed([start_rank(folder, rank, port, *more[rank]) for rank in (0, 1)])
    assert output.count("Rank 1 of 2 has another config than rank 0") == 1, output


def test_other_texts(folder: Path, port: int) -> None:
    other = folder.parent / "second"
    shutil.copytree(folder, other)
    write_corpus(other / "corpus.spacy", times=2)
    output = failed([start_rank(where, rank, port) for rank, where in enumerate((folder, other))])
    assert output.count("Rank 1 of 2 has another size of the corpora") == 1, output


def test_output_that_is_a_file(folder: Path) -> None:
    command = "-m spacy mtl train config.cfg --ranks 2 --output corpus.spacy/out"
    output = failed([start(folder, *command.split())])
    assert output.count("Cannot write to the folder --output") == 1

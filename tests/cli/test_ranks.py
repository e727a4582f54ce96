"""What the launcher of ranks says when they end."""

import subprocess
import sys
from typing import Any, List

import pytest
from torch.distributed import TCPStore

from spacy_mtl.cli.errors import CommandError
from spacy_mtl.cli.rank import LOST
from spacy_mtl.cli.ranks import _wait, start_ranks
from spacy_mtl.ranks.torch_group import LOST_REASON, START, StartError, connect, environment_of


def ended(*statuses: int) -> List[Any]:
    """Processes that end with these statuses."""
    code = "import sys; sys.exit(int(sys.argv[1]))"
    return [subprocess.Popen([sys.executable, "-Sc", code, str(each)]) for each in statuses]


@pytest.fixture
def store() -> TCPStore:
    return TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)


def test_all_ended_well(store: TCPStore) -> None:
    assert _wait(ended(0, 0), store) == 0


def test_one_has_told_why(store: TCPStore) -> None:
    assert _wait(ended(LOST, 1), store) == 1


def test_ranks_of_a_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in environment_of(1, 2, 29500).items():
        monkeypatch.setenv(key, value)
    with pytest.raises(CommandError, match="started this process as one of 2. Leave out --ranks"):
        start_ranks(2, ["--help"])
    monkeypatch.setenv(START, "abc")
    with pytest.raises(StartError, match=f"{START} is 'abc', but it must be seconds"):
        connect()


@pytest.mark.parametrize("reason", ["PyTorch says: no space left in /dev/shm", ""])
def test_nobody_has_told_why(store: TCPStore, reason: str) -> None:
    """Whatever it was, it is not kept to ourselves."""
    if reason:
        store.set(LOST_REASON, reason)
    with pytest.raises(CommandError, match=f"2 ranks have lost each other. {reason}.*--resume"):
        _wait(ended(LOST, LOST), store)

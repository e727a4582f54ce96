"""A rank has no threads of gloo left when its process ends, or it could be aborted."""

import json
from pathlib import Path

import pytest
import ranked_ends
from ranked_steps import start_ranks

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")


@pytest.mark.parametrize("how, n_left", [("together", 2), ("alone", 1), ("connected before", 2)])
def test_no_thread_is_left(tmp_path: Path, how: str, n_left: int) -> None:
    processes = start_ranks(ranked_ends.__file__, [str(tmp_path), how])
    for process in processes:
        output, _ = process.communicate(timeout=250)
        assert process.returncode == 0, output
    found = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert len(found) == n_left
    for rank in found:
        assert any("gloo" in name for name in rank["before"])
        assert not any("gloo" in name for name in rank["after"])
        assert rank["is_lost"] == (how == "alone")

"""Runners of other libraries."""

import sys
from pathlib import Path
from typing import Any

import pytest

RUNNER = """
import json, sys
from pathlib import Path
texts = json.loads(Path(sys.argv[1]).read_text())["texts"]
print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "fail":
        sys.exit(1)
    print(len(texts) + len(line.strip()), flush=True)
"""


@pytest.fixture
def environment(benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """With a library that takes as many seconds as it has texts, and as its orders have letters."""
    module = benchmark_module("rivals.environment")
    monkeypatch.setattr(module, "HERE", tmp_path)
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow/runner.py").write_text(RUNNER)
    return module


def test_runner_answers_with_seconds(environment: Any, tmp_path: Path) -> None:
    task = {"texts": ["a", "b"], "threads": 1}
    runner = environment.Runner("slow", Path(sys.executable), task, tmp_path)
    assert [runner.seconds("none"), runner.seconds("cpu")] == [6, 5]
    with pytest.raises(RuntimeError, match="the other library failed: see the error above"):
        runner.seconds("fail")
    runner.close()


def test_requirements_that_cannot_be_installed(environment: Any, tmp_path: Path) -> None:
    (tmp_path / "slow/requirements.txt").write_text("./no-such-folder\n")
    with pytest.raises(SystemExit, match="The requirements of slow can't be installed"):
        environment.set_up("slow", tmp_path / "environment")
    assert not (tmp_path / "environment/ready").exists()

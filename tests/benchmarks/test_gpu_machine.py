"""The machine that a GPU benchmark needs, and the script that runs it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "benchmarks/gpu.sh"


def test_missing_corpora_are_named(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine = benchmark_module("gpu_machine")
    monkeypatch.setenv("SPACY_MTL_DATA", str(tmp_path))
    (tmp_path / "data/gum").mkdir(parents=True)
    assert machine.problems_of_corpora() == [f"{tmp_path}/data/snips: set SPACY_MTL_DATA"]


def test_missing_gpu_is_said(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    machine = benchmark_module("gpu_machine")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(machine, "CUPY", ("no-such-cupy", "cupy-cuda12x-that-is-missing"))
    first, second = machine.problems_of_gpu()
    assert "finds no GPU. It needs a build for CUDA" in first
    assert "pip install cupy" in second
    assert "no cupy" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_script_runs_commands_that_exist(benchmark_module: Any) -> None:
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)
    commands = re.findall(r"^speed \S+ \d+ (\w+)", SCRIPT.read_text(), flags=re.MULTILINE)
    speed = benchmark_module("speed.__main__")
    assert len(commands) >= 5
    assert set(commands) <= {*speed.COMPARISONS, *speed.PROBES}


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_script_needs_an_interpreter(tmp_path: Path) -> None:
    env = {"PYTHON": str(tmp_path / "python"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["bash", str(SCRIPT)], env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Set PYTHON to the interpreter" in done.stderr

"""Environments of other libraries, and runners in them."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any, Dict

HERE = Path(__file__).parent


def set_up(rival: str, folder: Path) -> Path:
    """Create the environment of a library, if it does not exist.

    rival (str): The name of the library: a folder here with requirements.txt and runner.py.
    folder (Path): Where to create it.
    RETURNS (Path): Its interpreter.
    RAISES (SystemExit): If its requirements can't be installed.
    """
    python = folder / "bin/python"
    ready = folder / "ready"
    if not ready.exists():
        print(f"Creating {folder} (a few minutes)", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        required = HERE / rival / "requirements.txt"
        command = [str(python), "-m", "pip", "install", "-q", "-r", str(required)]
        if subprocess.run(command).returncode:
            sys.exit(f"The requirements of {rival} can't be installed: see above")
        ready.touch()
    return python


class Runner:
    """A library that annotates in a process of its own.

    rival (str): The name of the library.
    python (Path): The interpreter of its environment.
    task (Dict[str, Any]): What its runner reads.
    work (Path): A folder for it.
    """

    def __init__(self, rival: str, python: Path, task: Dict[str, Any], work: Path) -> None:
        path = work / f"{rival}.json"
        path.write_text(json.dumps(task), encoding="utf8")
        command = [str(python), str(HERE / rival / "runner.py"), str(path)]
        environ = {**os.environ, "OMP_NUM_THREADS": str(task["threads"])}
        # The environment must not find this checkout.
        environ.pop("PYTHONPATH", None)
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, env=environ, text=True, cwd=work
        )
        self._answer()

    def seconds(self, how: str) -> float:
        """RETURNS (float): The seconds that it takes to annotate all texts.

        how (str): What its runner reads.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{how}\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the other library failed: see the error above")
        return line.strip()

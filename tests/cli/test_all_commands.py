"""What holds for every command of `spacy mtl`."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest
from all_commands import ROWS, write_inputs
from spacy.cli._util import app
from typer.main import get_command
from typer.testing import CliRunner

from spacy_mtl.cli import mtl_cli

NAMES = [command.name or "" for command in mtl_cli.registered_commands]
WRITING = [name for name in ROWS if ROWS[name].writes]
#: A comparison takes minutes: tests/cli/test_compare.py has all of its trainings, also with --quiet
#: and --json.
WORKING = [name for name in ROWS if name != "compare"]
READING = [name for name in ROWS if ROWS[name].missing]
#: What `import spacy_mtl.cli` may load of this package: no station but light parts of some.
LIGHT = {"atomic_files", "checksums", "cli", "compat", "cores", "deploy", "files", "hints", "plain"}
LIGHT |= {"interrupts", "registry", "settings", "types"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, encoder_dir: str) -> Path:
    """The inputs of all commands, which change none of them."""
    found = tmp_path_factory.mktemp("commands")
    write_inputs(found, encoder_dir)
    return found


@pytest.fixture(autouse=True)
def here(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WASABI_LOG_FRIENDLY", "1")
    monkeypatch.setenv("COLUMNS", "300")
    return tmp_path


def run(name: str, given: str, *options: str) -> Any:
    args = given.format(new="new", old=ROWS[name].old).split()
    return CliRunner().invoke(app, ["mtl", name, *args, *options])


def works(name: str, *options: str) -> Any:
    if not ROWS[name].needs:
        pytest.skip("it needs a library that isn't installed")
    result = run(name, ROWS[name].works, *options)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def check_json(result: Any) -> None:
    """It is all of standard output."""
    found = json.loads(result.stdout)
    assert isinstance(found, (dict, list))
    assert found


def refused(result: Any) -> str:
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def test_every_command_has_a_row() -> None:
    assert sorted(NAMES) == sorted(ROWS), "add a row to tests/helpers/all_commands.py"


@pytest.mark.parametrize("name", NAMES)
def test_help_has_an_example(name: str) -> None:
    text = re.sub("\x1b.*?m", "", run(name, "--help").output)
    (example,) = re.findall(r"Example: (python -m spacy mtl .*)", text)
    assert example.split()[4] == name
    for option in ("--json", "--quiet", "--debug"):
        assert option in text
    assert ("--force" in text) == (name in WRITING)


@pytest.mark.parametrize("name", WRITING)
def test_force_has_one_short_name(name: str) -> None:
    """The one that it has in spaCy's commands."""
    group: Any = get_command(app).commands["mtl"]  # type: ignore[attr-defined]
    (force,) = (each for each in group.commands[name].params if "--force" in each.opts)
    assert "-F" in force.opts


@pytest.mark.parametrize("name", NAMES)
def test_resume_has_one_short_name(name: str) -> None:
    group: Any = get_command(app).commands["mtl"]  # type: ignore[attr-defined]
    for option in group.commands[name].params:
        assert "--resume" not in option.opts or "-r" in option.opts


@pytest.mark.parametrize("name", WORKING)
def test_json(name: str) -> None:
    check_json(works(name, "--json"))


@pytest.mark.parametrize("name", WORKING)
def test_quiet(name: str) -> None:
    assert works(name, "--quiet").output == ""


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize("options", [[], ["--json"], ["--quiet"]], ids=str)
def test_missing_file(name: str, options: List[str], here: Path) -> None:
    """Whatever is asked for, it is named, and nothing is written."""
    if not ROWS[name].needs:
        pytest.skip("it needs a library that isn't installed")
    result = run(name, ROWS[name].missing or "", *options)
    assert "nowhere" in refused(result)
    assert not [path for path in here.glob("new*") if path.is_file() or any(path.iterdir())]
    assert not options or result.stdout == ""


@pytest.mark.parametrize("name", WRITING)
def test_existing_output(name: str, here: Path) -> None:
    """It is refused without --force, before anything takes long."""
    old = here / ROWS[name].old
    before = _contents(old)
    said = refused(run(name, ROWS[name].writes or ""))
    assert "--force" in said
    assert ROWS[name].old in said
    assert _contents(old) == before


def test_names_nobody_knows() -> None:
    result = CliRunner().invoke(app, ["mtl", "trian"])
    assert result.exit_code == 2
    assert "No such command 'trian'" in re.sub("\x1b.*?m", "", result.output)


def test_imports_are_light() -> None:
    """`python -m spacy` imports this package: nothing heavy, and nothing that spaCy doesn't."""
    code = (
        "import sys, json, spacy.cli; before = set(sys.modules); import spacy_mtl.cli; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert [name for name in found if name.split(".")[0] != "spacy_mtl"] == []
    stations = {name.split(".")[1] for name in found if "." in name}
    assert stations <= LIGHT, "import it in the function of the command"
    assert [name for name in found if name.startswith("spacy_mtl.deploy.")] == [
        "spacy_mtl.deploy.findings"
    ]


def _contents(path: Path) -> Dict[str, bytes]:
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return {str(each): each.read_bytes() for each in files if each.is_file()}

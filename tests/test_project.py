"""The spaCy project: its workflows are consistent, run, and skip what is up to date."""

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from spacy.tokens import DocBin
from tiny_corpus import make_docs
from weasel.cli.run import project_run
from weasel.util.config import load_project_config

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "assets/scripts"
PROJECT = load_project_config(ROOT)
COMMANDS: Dict[str, Any] = {command["name"]: command for command in PROJECT["commands"]}


def run(args: List[str], cwd: Path, **kwargs: Any) -> subprocess.CompletedProcess:
    # No network, whatever the encoder is. Scripts are also started from other folders.
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    command = [sys.executable, *args]
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600, **kwargs
    )


def run_here(monkeypatch: pytest.MonkeyPatch, script: str, *args: str) -> None:
    """Run a script in this process, which already has its imports."""
    monkeypatch.setattr("sys.argv", [script, *args])
    runpy.run_path(str(SCRIPTS / script), run_name="__main__")


@pytest.mark.parametrize("workflow", ["all", "scale", "snips", "gum"])
def test_workflow_is_consistent(workflow: str) -> None:
    """All dependencies of a command exist, or are outputs of earlier commands."""
    made: List[str] = []
    for name in PROJECT["workflows"][workflow]:
        command = COMMANDS[name]
        for dep in command["deps"]:
            in_data = dep.startswith(PROJECT["vars"]["data"])
            assert in_data or dep in made or (ROOT / dep).exists(), f"{name} needs {dep}"
        made += command.get("outputs", [])


def test_every_command_is_in_a_workflow_or_can_be_skipped() -> None:
    used = {name for names in PROJECT["workflows"].values() for name in names}
    assert used == set(COMMANDS)
    for command in COMMANDS.values():
        assert command.get("no_skip") or command["outputs"], command["name"]
        assert command["help"]


def test_paths_in_scripts_exist() -> None:
    for command in COMMANDS.values():
        for line in command["script"]:
            for word in line.split():
                if word.startswith(("assets/", "configs/")):
                    assert (ROOT / word).exists(), f"{command['name']}: {word}"


def test_assets_name_their_origin() -> None:
    for asset in PROJECT["assets"]:
        assert asset["dest"].startswith("corpus/raw/")
        assert "github" in asset["url"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project with a corpus of a few texts."""
    path = tmp_path / "project"
    path.mkdir()
    for name in ("configs", "spacy_mtl", "assets/scripts"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, path / name, ignore=ignore)
    for name in ("project.yml", "setup.py", "pyproject.toml", "README.md", "constraints.txt"):
        shutil.copy(ROOT / name, path)
    (path / "assets/corpus").mkdir()
    for split in ("train", "dev", "test"):
        lines = (ROOT / f"assets/corpus/{split}.jsonl").read_text(encoding="utf8").splitlines()
        text = "\n".join(lines[:20])
        (path / f"assets/corpus/{split}.jsonl").write_text(text, encoding="utf8")
    return path


@pytest.mark.slow
def test_project_runs_and_skips(
    project: Path,
    encoder_dir: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    """The whole workflow `all`, except that the wheel is installed into a folder: installing
    into a new environment needs a package index."""
    steps = [name for name in PROJECT["workflows"]["all"] if name != "install"]
    settings: Dict[str, Any] = {
        "vars.encoder": encoder_dir,
        "vars.max_steps": 2,
        "vars.package": "tiny",
    }
    for key in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(key, "1")

    def said(name: str, dry: bool = True) -> str:
        """The output of `spacy project run`. Each step is its own process."""
        project_run(project, name, overrides=settings, dry=dry)
        return str(capfd.readouterr().out)

    # The first step as a user would run it.
    options = [word for key, value in settings.items() for word in (f"--{key}", str(value))]
    first = run(["-m", "spacy", "project", "run", steps[0], ".", *options], project)
    assert first.returncode == 0, first.stdout + first.stderr
    found = first.stdout
    for name in steps[1:]:
        assert "Skipping" not in found
        found = said(name, dry=False)
    assert "Skipping" not in found
    assert "Category:" in found
    assert "entities" in found
    for name in steps:
        assert ("Skipping" in said(name)) is (name != "parse")

    # Another seed retrains, but does not convert again.
    settings["vars.seed"] = 1
    for name, skipped in (("encoder", True), ("convert", True), ("train", False)):
        assert ("Skipping" in said(name)) is skipped

    (wheel,) = project.glob("packages/*/dist/*.whl")
    site = project / "site"
    pip = ["-m", "pip", "install", "--no-deps", "--target", str(site), str(wheel)]
    assert run(pip, project).returncode == 0
    (metadata,) = site.glob("*.dist-info/METADATA")
    assert "Requires-Dist: spacy-mtl" in metadata.read_text(encoding="utf8")
    predict = (
        f"import sys, spacy; sys.path.append({str(site)!r})\n"
        "for name in ('en_tiny', 'training/demo/model-best'):\n"
        "    doc = spacy.load(name)('Anna books a room in Berlin.')\n"
        "    print([t.tag_ for t in doc], doc.ents, doc.cats)"
    )
    done = run(["-c", predict], project)
    assert done.returncode == 0, done.stderr
    installed, trained = done.stdout.splitlines()
    assert installed == trained


def test_encoder_script_copies_a_folder(
    encoder_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_here(monkeypatch, "encoder.py", encoder_dir, "encoder")
    assert (tmp_path / "encoder/config.json").exists()
    assert (tmp_path / "encoder/tokenizer_config.json").exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [("./nowhere", "no encoder in the folder"), ("no-such/encoder", "Cannot load the encoder")],
)
def test_encoder_script_says_what_is_wrong(source: str, message: str, tmp_path: Path) -> None:
    done = run([str(SCRIPTS / "encoder.py"), source, "encoder"], tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert "--vars.encoder" in done.stderr
    assert not (tmp_path / "encoder").exists()


def test_same_script_finds_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    docs = make_docs(spacy.blank("en"))
    DocBin(docs=docs).to_disk(tmp_path / "first.spacy")
    shutil.copy(tmp_path / "first.spacy", tmp_path / "copy.spacy")
    docs[1][0].tag_ = "XX"
    DocBin(docs=docs).to_disk(tmp_path / "other.spacy")
    run_here(monkeypatch, "same.py", "first.spacy", "copy.spacy")
    assert "Identical predictions on 4 texts" in capsys.readouterr().out
    # `sys.exit` with a text writes it to stderr and exits with 1.
    with pytest.raises(SystemExit, match="Text 1 .* differs in tags"):
        run_here(monkeypatch, "same.py", "first.spacy", "other.spacy")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (["test", "PYTHON=python2.0"], "python2.0"),
        (["help"], "make demo"),
    ],
)
def test_makefile(make: List[str], message: str, tmp_path: Path) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("constraints.txt", "setup.py", "pyproject.toml", "README.md"):
        (tmp_path / name).touch()
    (tmp_path / "spacy_mtl").mkdir()
    # `make test` itself may have set other variables.
    env = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(["make", *make], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert message in done.stdout + done.stderr
    assert not (tmp_path / ".venv").exists()


def test_ci_requires_the_real_corpora(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    env = {**os.environ, "SPACY_MTL_DATA": str(tmp_path / "nowhere")}
    done = subprocess.run([str(tmp_path / ".ci/run")], env=env, capture_output=True, text=True)
    assert done.returncode != 0
    assert "real corpora are missing" in done.stderr
    assert "SPACY_MTL_DATA" in done.stderr


def test_make_says_how_to_get_java(tmp_path: Path) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    for target in ("demo-scale", "test-extras"):
        env = {"PATH": str(tmp_path)}
        done = subprocess.run([make, target], cwd=ROOT, env=env, capture_output=True, text=True)
        assert done.returncode != 0
        assert "apt-get install openjdk-17-jre-headless" in done.stderr


def test_ci_requires_java(tmp_path: Path) -> None:
    """It installs what is missing, here without apt-get."""
    (tmp_path / "project/.ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", tmp_path / "project/.ci/run")
    for folder in ("data", "raw", "bin"):
        (tmp_path / folder).mkdir()
    for name in ("bash", "dirname", "env"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    (tmp_path / "bin/chromium").symlink_to(str(shutil.which("true")))
    env = {"PATH": str(tmp_path / "bin"), "SPACY_MTL_DATA": str(tmp_path)}
    command = [str(tmp_path / "project/.ci/run")]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Spark needs Java, and it can't be installed by apt-get" in done.stderr


@pytest.mark.realdata
@pytest.mark.parametrize("corpus", ["snips", "gum"])
def test_real_corpora_are_where_the_project_looks(corpus: str, data_dir: Path) -> None:
    """The raw files in `assets:` exist, and match their checksums if any."""
    from weasel.util import get_checksum

    for asset in PROJECT["assets"]:
        path = data_dir / asset["dest"].removeprefix("corpus/")
        if f"/{corpus}/" in asset["dest"]:
            assert path.is_file(), path
            if asset.get("checksum"):
                assert get_checksum(path) == asset["checksum"], path


def test_metrics_table_has_every_task() -> None:
    """The script that prints the scores knows the keys that our heads report."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("show", SCRIPTS / "show.py")
    assert spec is not None
    assert spec.loader is not None
    show = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(show)
    rows = show.score_rows({"tag_acc": 0.5, "ents_f": 0.25, "cats_macro_f": 1.0, "ents_p": None})
    assert rows == [
        ("tags", "accuracy", "50.0"),
        ("entities", "F", "25.0"),
        ("category", "macro F", "100.0"),
    ]

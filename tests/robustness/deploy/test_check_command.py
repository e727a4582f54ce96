"""The command, in this process and in a separate one."""

import subprocess
import sys
from pathlib import Path

import spacy
from saved_changes import kwargs_of
from tiny_corpus import make_examples
from typer.testing import CliRunner

from spacy_mtl.cli import mtl_cli


def test_command(folder: Path) -> None:
    good = CliRunner().invoke(mtl_cli, ["check", str(folder)])
    assert good.exit_code == 0
    assert "its files match their checksums" in good.output
    kwargs_of(trust_remote_code=True)(folder)
    bad = CliRunner().invoke(mtl_cli, ["check", str(folder)])
    assert bad.exit_code == 1
    assert "Do not load it" in bad.output
    assert "trust_remote_code" in bad.output
    missing = CliRunner().invoke(mtl_cli, ["check", "no_such_pipeline"])
    assert missing.exit_code == 1
    assert "neither a folder nor an installed package" in missing.output


def test_command_in_a_separate_process(tmp_path: Path, encoder_dir: str) -> None:
    """Stock components are known, although only the command's own imports have run."""
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": encoder_dir}})
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    nlp.add_pipe("mtl")
    nlp.add_pipe("mtl_ner", name="ner")
    nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}}
    )
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("entity_ruler")
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    command = [sys.executable, "-m", "spacy", "mtl", "check", "pipeline"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "It has no checksums" in done.stdout

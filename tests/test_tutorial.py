"""The tutorial, command by command, as a new user types it."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest
from packaging.requirements import Requirement
from tutorial_files import write_raw_files

PAGE = (Path(__file__).parent.parent / "docs/tutorial.md").read_text(encoding="utf8")
ENGLISH, CHINESE = PAGE.split("## In Chinese")


def commands(text: str) -> List[List[str]]:
    found = re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    joined = "".join(found).replace("\\\n", " ")
    return [shlex.split(line) for line in joined.splitlines()]


def type_in(words: List[str], folder: Path, encoder: str, installed: Path) -> str:
    """Run a command of the tutorial, and return what it prints."""
    words = [encoder if word in ("roberta-base", "bert-base-chinese") else word for word in words]
    if words[0] == "pip" and words[-1].startswith("spacy-mtl"):
        # It is installed already.
        assert Requirement(words[-1]).extras == {"plots"}
        return ""
    if words[0] == "pip":
        options = ["--no-deps", "--target", str(installed)]
        words = [sys.executable, "-m", *words, *options]
    else:
        words = [sys.executable, *words[1:]]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_english(encoder_dir: str, tmp_path: Path) -> None:
    folder, installed = tmp_path / "folder", tmp_path / "installed"
    folder.mkdir()
    write_raw_files(folder)
    typed = commands(ENGLISH)
    assert len(typed) <= 8
    printed = "".join(type_in(words, folder, encoder_dir, installed) for words in typed)
    assert "Tasks: tagger (mtl_tagger), ner (mtl_ner), textcat (mtl_textcat)" in printed
    for name in ("evaluation.html", "report.html", "model-best"):
        assert (folder / "training" / name).exists()
    (code,) = re.findall(r"^```python\n(.*?)^```", ENGLISH, re.MULTILINE | re.DOTALL)
    path = os.pathsep.join([str(installed), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert "NNP" in done.stdout
    assert "'good':" in done.stdout


@pytest.mark.slow
@pytest.mark.realdata
def test_chinese(encoder_dir: str, data_dir: Path, tmp_path: Path) -> None:
    """On some sentences of zh_gsd."""
    for split, n_texts in (("train", 60), ("dev", 20)):
        with (data_dir / f"data/zh_gsd/{split}.jsonl").open(encoding="utf8") as lines:
            kept = [line for line, _ in zip(lines, range(n_texts), strict=False)]
        (tmp_path / f"{split}.jsonl").write_text("".join(kept), encoding="utf8")
        assert all(json.loads(line)["words"] for line in kept)
    for words in commands(CHINESE):
        type_in(words, tmp_path, encoder_dir, tmp_path)
    assert "gold_preproc = true" in (tmp_path / "chinese.cfg").read_text(encoding="utf8")
    assert (tmp_path / "chinese-training/model-best").is_dir()
